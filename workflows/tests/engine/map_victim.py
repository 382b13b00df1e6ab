"""An engine whose process dies at a stated write, on a machine with all that has children.

Usage: HOME MOMENT. A moment is `before:N` or `after:N`, the N-th transaction's commit, or `never`.
The machine is a Distributed Map of which one child fails until HOME/fixed is there, and an
execution that its last Task starts and waits for. What fails is mended and redriven. Each call of
a function appends a line to HOME/calls. Prints what came of it as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tasks.failures import TaskFailed
from workflows.engine.engine import Engine
from workflows.engine.journal import Journal
from workflows.engine.objects import Listed

INVOKE = "arn:aws:states:::lambda:invoke"


def _task(name: str, **more: Any) -> dict[str, Any]:
    called = {"FunctionName": name, "Payload.$": "$"}
    return {"Type": "Task", "Resource": INVOKE, "Parameters": called, "OutputPath": "$.Payload",
            **({} if "Next" in more else {"End": True}), **more}  # fmt: skip


MACHINE: dict[str, Any] = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "MaxConcurrency": 2,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "First",
                "States": {"First": _task("first", Next="Item"), "Item": _task("item")},
            },
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "b", "Prefix": "out"},
                "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
            },
            "ResultPath": None,
            "Next": "Nested",
        },
        "Nested": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": "${child}", "Input": {"n": 1}, "Name": "inner"},
            "OutputPath": "$.Output",
            "End": True,
        },
    },
}
CHILD = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "Next": "T"},
                                    "T": _task("inner")}}  # fmt: skip


class Died(BaseException):
    """What stands for the death of the process where it dies in the test's own."""


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


class Work:
    """Functions that note each call; one of them fails until it is mended."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        with (self._home / "calls").open("a") as log:
            log.write(f"{json.dumps([function, payload])}\n")
        if function == "item" and payload == 3 and not (self._home / "fixed").exists():
            raise TaskFailed("Broken", "not yet")
        return payload

    def submit_job(self, job: Any, *, timeout_s: float) -> Any:
        raise AssertionError("no job in this machine")

    def request(self, service: str, api: str, parameters: Any, *, timeout_s: float) -> Any:
        raise AssertionError("no other service in this machine")


class Folder:
    """Objects as files."""

    def __init__(self, home: Path) -> None:
        self._home = home / "objects"

    def list(self, bucket: str, prefix: str) -> Iterator[Listed]:
        raise AssertionError("nothing is listed")

    def open(self, bucket: str, key: str) -> BinaryIO:
        raise AssertionError("nothing is read")

    def put(self, bucket: str, key: str, body: bytes) -> None:
        path = self._home / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


class DyingJournal(Journal):
    """Dies at a transaction, and does nothing more once it is dead."""

    moment = "never"
    count = 0
    dead = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._alive()
        with super().transaction():
            yield
            self.count += 1
            self._reached(f"before:{self.count}")
        self._reached(f"after:{self.count}")

    def rows(self, sql: str, values: Any = ()) -> list[Any]:
        self._alive()
        return super().rows(sql, values)

    def _reached(self, moment: str) -> None:
        if self.moment == moment:
            self.dead = True
            self._alive()

    def _alive(self) -> None:
        if self.dead:
            raise Died


class KilledJournal(DyingJournal):
    """Dies as `kill -9` lets it."""

    def _alive(self) -> None:
        if self.dead:
            os.kill(os.getpid(), signal.SIGKILL)


def run(home: Path, moment: str, journal: type[DyingJournal] = DyingJournal) -> Any:
    """Resume what is there, or start; mend what failed. Raises `Died` when the moment comes."""
    engine = engine_of(home, moment, journal)
    try:
        engine.resume()
        if not engine.list(machine="m"):
            engine.start("m", [1, 2, 3, 4], name="only")
        engine.run()
        if engine.describe("only").status == "FAILED":
            (home / "fixed").touch()
            engine.redrive("only")
            engine.run()
        return told(engine, home)
    finally:
        engine.close()


def engine_of(home: Path, moment: str, journal: type[DyingJournal] = DyingJournal) -> Engine:
    """An engine whose journal dies when the moment comes."""
    engine = Engine(
        home, {"m": MACHINE, "child": CHILD}, Work(home), clock=FileClock(home),
        jitter=NoJitter(), concurrency=1, objects=Folder(home),
    )  # fmt: skip
    engine._journal.__class__ = journal
    engine._journal.moment = moment  # type: ignore[attr-defined]  # it is of that class now
    return engine


def told(engine: Engine, home: Path) -> Any:
    """All that may be known of the execution, but for the times."""
    only = engine.describe("only")
    (map_run,) = engine.map_runs("only")
    children = engine.children(map_run.arn)
    return {
        "status": only.status,
        "output": only.output,
        "counts": {s: [c.executions, c.items] for s, c in sorted(map_run.counts.items())
                   if c.executions},
        "redrives": map_run.redrives,
        "children": [child.output for child in children],
        "types": [[e.type for e in engine.history(name)] for name in ("only", "inner")],
        # Which of the children run while one fails is a matter of moments; that each does its
        # states once is not.
        "exits": [
            [e.details["name"] for e in engine.history(child.id) if e.type == "TaskStateExited"]
            for child in children
        ],
        "executions": len(engine.list()),
        "written": sorted(
            path.read_text() for path in (home / "objects").rglob("SUCCEEDED*.json")
        ),
        "writes": engine._journal.count,  # type: ignore[attr-defined]  # as above
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), sys.argv[2], KilledJournal)))  # noqa: T201 its answer
