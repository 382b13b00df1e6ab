"""A large file in the layout of GERACAO_USINA-2 through the whole machine, against a bare COPY.

    python statemachine_tests/performance/large_file.py [--gb 1] [--runs 3] [--folder DIR]

Both are run in turn, each as a process of its own with all that belongs to it: `ons run` stores
the raw file, claims, classifies, parses, validates, writes, loads, publishes and indexes; the
other reads the same CSV and writes Parquet (zstd), no more. The answer is checked: as many rows,
and the same sum of the measure, to 1e-9.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import ONS, machine, measure

from tasks.datasets.large import write_large
from tasks.datasets.registry import contract_for

BARE = """
import duckdb, sys
db = duckdb.connect()
db.execute("SET memory_limit = '700MB'")
db.execute(
    f"COPY (SELECT * FROM read_csv('{sys.argv[1]}', delim = ';'))"
    f" TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)"
)
"""
SUM = "SELECT count(*), sum(val_geracao) FROM "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gb", type=float, default=1.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where to work; needs 4 x --gb")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as made:
        folder = Path(made)
        source = folder / "GERACAO_USINA-2_2022.csv"
        rows = write_large(source, contract_for("geracao-usina-2"), int(args.gb * 1e9))
        size = source.stat().st_size
        print(f"{machine()}\n{size / 1e9:.2f} GB, {rows:,} rows, seed 1")
        ratios = [_once(folder, source, rows) for _ in range(args.runs)]
    print(f"ratio: median {statistics.median(ratios):.2f} of {[round(r, 2) for r in ratios]}")


def _once(folder: Path, source: Path, rows: int) -> float:
    bare = folder / "bare.parquet"
    copied = measure([sys.executable, "-c", BARE, str(source), str(bare)])
    home = folder / "home"
    ran = measure([*ONS, "--home", str(home), "run", str(source), "--json"])
    [result] = json.loads(ran.output)
    assert (result["status"], result["rows_published"]) == ("published", rows), result
    _check(home, bare)
    print(
        f"bare COPY {copied.seconds:.2f} s, {copied.peak_mb:.0f} MiB;"
        f" whole machine {ran.seconds:.2f} s, {ran.peak_mb:.0f} MiB;"
        f" ratio {ran.seconds / copied.seconds:.2f}"
    )
    shutil.rmtree(home)
    bare.unlink()
    return ran.seconds / copied.seconds


def _check(home: Path, bare: Path) -> None:
    import duckdb

    with duckdb.connect() as db:
        lake = f"{home}/lake/current/**/*.parquet"
        [ours, theirs] = [
            db.execute(f"{SUM} read_parquet('{path}')").fetchall()[0] for path in (lake, bare)
        ]
    assert ours[0] == theirs[0], (ours, theirs)
    assert abs(ours[1] - theirs[1]) <= 1e-9 * abs(theirs[1]), (ours, theirs)


if __name__ == "__main__":
    main()
