"""A process that runs one execution and may kill itself at a marked moment.

Usage: HOME MOMENT. A moment is `task:N` (in the N-th call), `event:TYPE:N` (once the N-th event of
that type is journalled), `write:N` (inside the N-th transaction), or `never`. Each call appends a
line to HOME/calls. Prints the execution as JSON when it ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from workflows.engine.engine import Engine
from workflows.engine.journal import Journal

INVOKE = "arn:aws:states:::lambda:invoke"


def _task(name: str, **more: Any) -> dict[str, Any]:
    called = {"FunctionName": name, "Payload.$": "$"}
    ends = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": INVOKE, "Parameters": called, "OutputPath": "$.Payload",
            **ends, **more}  # fmt: skip


MACHINE: dict[str, Any] = {
    "StartAt": "First",
    "States": {
        "First": _task("first", Next="Wait"),
        "Wait": {"Type": "Wait", "Seconds": 50, "Next": "Flaky"},
        "Flaky": _task(
            "flaky",
            Retry=[{"ErrorEquals": ["Flaky"], "MaxAttempts": 2, "IntervalSeconds": 10}],
            Next="Fan",
        ),
        "Fan": {
            "Type": "Parallel",
            "Next": "Each",
            "Branches": [
                {"StartAt": "Left", "States": {"Left": _task("left")}},
                {"StartAt": "Right", "States": {"Right": _task("right")}},
            ],
        },
        "Each": {
            "Type": "Map",
            "MaxConcurrency": 2,
            "ItemsPath": "$",
            "ItemProcessor": {"StartAt": "Item", "States": {"Item": _task("item")}},
            "End": True,
        },
    },
}


class FileClock:
    """A clock that all processes of a test share; waiting for it takes no time."""

    def __init__(self, home: Path) -> None:
        self._path = home / "clock"

    def now(self) -> float:
        return float(self._path.read_text()) if self._path.exists() else 1_800_000_000.0

    def sleep(self, seconds: float) -> None:
        part = self._path.with_suffix(f".{os.getpid()}")
        part.write_text(repr(self.now() + seconds))
        part.replace(self._path)


class NoJitter:
    def fraction(self) -> float:
        return 0.0


class Calls:
    """Functions that note each call, and may kill the process in one."""

    def __init__(self, home: Path, moment: str) -> None:
        self._log, self._moment, self._count = home / "calls", moment, 0

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        self._count += 1
        with self._log.open("a") as log:
            log.write(f"{json.dumps([function, payload, attempt])}\n")
        if self._moment == f"task:{self._count}":
            die()
        if function == "flaky" and attempt < 2:
            from tasks.failures import TaskFailed

            raise TaskFailed("Flaky", f"attempt {attempt}")
        return [function, payload] if function in ("left", "right") else f"{function}({payload})"

    def submit_job(self, job: Any, *, timeout_s: float) -> Any:
        raise AssertionError("no job in this machine")


class DyingJournal(Journal):
    """Dies inside its N-th transaction, before the commit."""

    countdown = -1

    def _write(self, key: int, changes: Any) -> None:
        super()._write(key, changes)
        type(self).countdown -= 1
        if type(self).countdown == 0:
            die()


def die() -> None:
    """End as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(home: Path, moment: str) -> None:
    """Resume what is there, or start; run to the end, unless the moment comes."""
    engine = Engine(
        home, {"m": MACHINE}, Calls(home, moment), clock=FileClock(home), jitter=NoJitter(),
        concurrency=1,
    )  # fmt: skip
    if moment.startswith("write:"):
        DyingJournal.countdown = int(moment.removeprefix("write:"))
        engine._journal.__class__ = DyingJournal
    seen: dict[str, int] = {}

    def listen(arn: str, event: Any) -> None:
        seen[event.type] = seen.get(event.type, 0) + 1
        if moment == f"event:{event.type}:{seen[event.type]}":
            die()

    engine.resume()
    if not engine.list():
        engine.start("m", {"n": 1}, name="only")
    engine.run(on_event=listen)
    done = engine.describe("only")
    types = [e.type for e in engine.history("only")]
    engine.close()
    print(json.dumps({"status": done.status, "output": done.output, "types": types}))  # noqa: T201 its answer


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
