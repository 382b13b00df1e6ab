"""A year of CURVA_CARGA (1.5 MB) through the whole machine, and how fast `ons` starts.

    python statemachine_tests/performance/small_file.py [--runs 7]

`after start-up` is what `ons run` itself reports as the file's seconds: from taking it in to the
execution's end. The peer, in the same run, is DuckDB's bare `COPY` of the same file by a process
of its own, with its interpreter's start. `--help` is a process of its own too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from large_file import BARE
from measuring import ONS, machine, measure

from tasks.datasets.large import write_large
from tasks.datasets.registry import contract_for

CURVE_BYTES = 1_540_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    seconds, whole, bare, again = [], [], [], []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        source = folder / "CURVA_CARGA_2022.csv"
        rows = write_large(source, contract_for("curva-carga"), CURVE_BYTES)
        for run in range(runs):
            home = folder / f"home-{run}"
            command = [*ONS, "--home", str(home), "run", str(source), "--json"]
            ran = measure(command)
            [result] = json.loads(ran.output)
            assert (result["status"], result["rows_published"]) == ("published", rows), result
            seconds.append(result["seconds"])
            whole.append(ran.seconds)
            copy = [sys.executable, "-c", BARE, str(source), str(folder / "bare.parquet")]
            bare.append(measure(copy).seconds)
            repeated = measure(command)
            assert json.loads(repeated.output)[0]["status"] == "unchanged"
            again.append(json.loads(repeated.output)[0]["seconds"])
    helps = [measure([*ONS, "--help"]).seconds for _ in range(runs)]
    print(machine())
    print(f"{rows:,} rows, {CURVE_BYTES / 1e6:.2f} MB, seed 1, {runs} runs; medians")
    print(f"whole machine after start-up: {statistics.median(seconds):.2f} s")
    print(f"the same as a process: {statistics.median(whole):.2f} s")
    print(f"bare COPY as a process: {statistics.median(bare):.2f} s")
    print(f"ratio of the processes: {statistics.median(whole) / statistics.median(bare):.2f}")
    print(f"unchanged, second run, after start-up: {statistics.median(again):.3f} s")
    print(f"ons --help: {statistics.median(helps):.3f} s")


if __name__ == "__main__":
    main()
