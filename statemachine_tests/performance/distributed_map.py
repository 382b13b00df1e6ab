"""What a Distributed Map costs: time and memory for 1,000 items and for 10,000.

    python statemachine_tests/performance/distributed_map.py [--items 1000 10000]

Each item is a child execution of one Task whose function does nothing, durably journalled. Every
figure is of a process of its own; the answer is checked. The bounds: 10,000 items take at most 11
times what 1,000 take, and at most 500 MB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

from measuring import machine

from tasks.adapters.embedded.clock import SystemClock, SystemJitter
from workflows.engine.engine import Engine

RUNS = 3
INVOKE = "arn:aws:states:::lambda:invoke"
CALLED = {"FunctionName": "echo", "Payload.$": "$"}
ITEM = {"Type": "Task", "Resource": INVOKE, "Parameters": CALLED, "OutputPath": "$.Payload",
        "End": True}  # fmt: skip
EACH = {
    "Type": "Map",
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": ITEM},
    },
    "End": True,
}


class Echo:
    """Functions that give back what they got."""

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        return payload

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        return {}

    def request(self, service: str, api: str, parameters: Any, *, timeout_s: float) -> Any:
        return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        print(json.dumps(measure(given.one)))
        return
    print(machine())
    found = {}
    for items in given.items:
        command = [sys.executable, __file__, "--one", str(items)]
        # The best of some runs: what else the machine does only adds to a run.
        runs = [json.loads(subprocess.check_output(command, text=True)) for _ in range(RUNS)]
        seconds, peak = found[items] = min(runs)
        print(f"{items:>6} items: {seconds:6.2f} s, {seconds / items * 1e6:5.0f} µs an item, "
              f"{peak:4.0f} MB at the most")  # fmt: skip
    (few, _), (many, peak) = found[min(found)], found[max(found)]
    ratio = many / few
    print(f"{max(found):,} items took {ratio:.1f} times what {min(found):,} took")
    if max(found) == 10 * min(found):
        assert ratio <= 11, "the overhead is not linear"
    assert peak <= 500, "too much memory"


def measure(items: int) -> tuple[float, float]:
    """Seconds, and the process's peak of memory in MB."""
    with tempfile.TemporaryDirectory() as home:
        engine = Engine(
            Path(home), {"m": {"StartAt": "M", "States": {"M": EACH}}}, Echo(),
            clock=SystemClock(), jitter=SystemJitter(),
        )  # fmt: skip
        begin = time.perf_counter()
        id = engine.start("m", list(range(items)))
        engine.run([id])
        took = time.perf_counter() - begin
        assert engine.describe(id).output == list(range(items))
        engine.close()
    return took, getrusage(RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
