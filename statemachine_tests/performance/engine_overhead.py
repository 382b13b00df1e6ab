"""What the embedded Step Functions costs per Task state, with its durable journal.

    python statemachine_tests/performance/engine_overhead.py [--executions 200]

Machines of ten Tasks whose function does nothing, at 1, 10 and 100 executions at once; and an
inline Map over many items. Every execution's output is checked.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from measuring import machine

from tasks.adapters.embedded.clock import SystemClock, SystemJitter
from workflows.engine.engine import Engine

TASKS = 10
INVOKE = "arn:aws:states:::lambda:invoke"


class Echo:
    """Functions that give back what they got."""

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        return payload

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--executions", type=int, default=200)
    executions = parser.parse_args().executions
    print(machine())
    for at_once in (1, 10, 100):
        took = list(_chains(executions, at_once))
        each = statistics.median(took) / at_once
        print(
            f"{at_once:>4} at once: {1 / each:6.0f} executions of {TASKS} Tasks a second, "
            f"{each / TASKS * 1e6:5.0f} µs a Task at the median"
        )
    for items in (500, 5_000):  # four events each, and a history has 25,000
        print(f"inline Map over {items:>6} items: {_map(items):.2f} s")


def chain(function: str) -> dict[str, Any]:
    """A machine of ten Tasks, one after the other."""
    last = TASKS - 1
    called = {"FunctionName": function, "Payload.$": "$"}
    states = {
        f"T{n}": {
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": called,
            "OutputPath": "$.Payload",
            **({"End": True} if n == last else {"Next": f"T{n + 1}"}),
        }
        for n in range(TASKS)
    }
    return {"StartAt": "T0", "States": states}


def _chains(executions: int, at_once: int) -> Iterator[float]:
    with tempfile.TemporaryDirectory() as home:
        engine = _engine(home, chain("echo"), max(4, at_once))
        for _ in range(max(3, executions // at_once)):
            start = time.perf_counter()
            ids = [engine.start("m", {"n": n}) for n in range(at_once)]
            engine.run(ids)
            yield time.perf_counter() - start
            assert [engine.describe(id).output for id in ids] == [{"n": n} for n in range(at_once)]
        engine.close()


def _map(items: int) -> float:
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    each = {"Type": "Map", "ItemProcessor": inner, "End": True}
    given: Any = list(range(items))
    with tempfile.TemporaryDirectory() as home:
        engine = _engine(home, {"StartAt": "M", "States": {"M": each}}, 4)
        start = time.perf_counter()
        id = engine.start("m", given)
        engine.run([id])
        took = time.perf_counter() - start
        assert engine.describe(id).output == given
        engine.close()
    return took


def _engine(home: str, definition: Mapping[str, Any], concurrency: int) -> Engine:
    return Engine(
        Path(home),
        {"m": definition},
        Echo(),
        clock=SystemClock(),
        jitter=SystemJitter(),
        concurrency=concurrency,
    )


if __name__ == "__main__":
    main()
