"""What the platform does, shown in a folder that is gone afterwards: `make demo`.

Sample files in ONS's form are made, ingested by the generated state machine on the embedded Step
Functions, asked with SQL, revised, and rolled back. Nothing is read from or sent to a network.
"""

import os
import shlex
import sys
import tempfile
import time
from pathlib import Path

from workflows.cli import main as ons

DATASETS = ("carga-energia", "cmo-semanal", "ear-diario-por-subsistema", "reservatorio")
MEAN_LOAD = """
SELECT id_subsistema, count(*) AS days, round(avg(val_cargaenergiamwmed), 1) AS mean_mwmed
FROM carga_energia
GROUP BY id_subsistema
ORDER BY mean_mwmed DESC
"""
NEXT = """
What to try next, with files of your own from https://dados.ons.org.br:

    .venv/bin/ons run FILE.csv            ingest it; what is kept lies in ~/.local/share/ons
    .venv/bin/ons executions              what ran, and `ons execution ID --io` for its states
    .venv/bin/ons datasets                what is known, and `ons dataset curva-carga`
    .venv/bin/ons query "FROM curva_carga LIMIT 5"
"""


def main() -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ons-demo-") as scratch:
        os.chdir(scratch)
        samples, told = Path("samples"), {**os.environ, "ONS_HOME": f"{scratch}/home"}
        wanted = [option for slug in DATASETS for option in ("--dataset", slug)]

        tell("Small files in the form of ONS's, with made-up numbers:")
        step(told, "samples", str(samples), *wanted)
        tell("Each passes Claim, Classify, Parse, Validate, Write, Load, Publish, Sync, Notify:")
        step(told, "run", str(samples))
        tell("What is published can be asked, here the mean load of each subsystem:")
        step(told, "query", MEAN_LOAD)
        tell("The same files again are recognised, and one that is cut off is rejected:")
        step(told, "run", str(samples), str(cut_off(samples)), expected=3)
        tell("ONS revises the past silently. Here a revision of one file arrives:")
        revised = revise(samples)
        step(told, "run", str(revised))
        step(told, "releases", "carga-energia", revised.stem)
        tell("And is taken back; both publications stay, and each row knows its release and line:")
        step(told, "rollback", "carga-energia", revised.stem)
        step(told, "query", "FROM carga_energia LIMIT 3")
    print(NEXT)
    print(f"The demo took {time.monotonic() - started:.1f} s.")
    return 0


def tell(text: str) -> None:
    print(f"\n{text}\n", flush=True)


def step(environ: dict[str, str], *argv: str, expected: int = 0) -> None:
    """Run one command as if it had been typed. Another exit code than expected ends the demo."""
    shown = [" ".join(arg.split()) for arg in argv]
    print(f"$ ons {shlex.join(shown)}", flush=True)
    code = ons(argv, environ)
    if code != expected:
        sys.exit(f"the demo expected exit code {expected}, got {code}")


def cut_off(samples: Path) -> Path:
    """A copy of a sample that stops in the middle of a record, as a broken download does."""
    whole = sorted(samples.glob("CARGA_ENERGIA_2*.csv"))[0]
    broken = Path("broken", whole.name)
    broken.parent.mkdir()
    broken.write_bytes(whole.read_bytes()[:-11])
    return broken


def revise(samples: Path) -> Path:
    """The same file a day later, with the last value of its last row changed."""
    first = sorted(samples.glob("CARGA_ENERGIA_2*.csv"))[0]
    lines = first.read_bytes().split(b"\n")
    kept, _, value = lines[-2].rpartition(b";")
    lines[-2] = kept + b";" + (b"1" if value[:1] != b"1" else b"2") + value[1:]
    revised = Path("revised", first.name)
    revised.parent.mkdir()
    revised.write_bytes(b"\n".join(lines))
    later = first.stat().st_mtime + 86_400
    os.utime(revised, (later, later))
    return revised


if __name__ == "__main__":
    sys.exit(main())
