"""Run a machine's emitted JSON on the embedded engine, with stated outcomes and no real time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from statemachine_tests.stated import Outcome, Stated
from statemachine_tests.virtual import LongestWait, VirtualClock
from tasks.ports.executions import Execution, HistoryEvent
from workflows.emit import to_asl
from workflows.engine.engine import Engine
from workflows.machines import Machine


@dataclass(frozen=True)
class Ran:
    """What an execution did. `waits_s` are the waits before its retries, in order."""

    execution: Execution
    events: Sequence[HistoryEvent]
    calls: Sequence[tuple[str, Any]]

    @property
    def id(self) -> str:
        return self.execution.id

    @property
    def status(self) -> str:
        return self.execution.status

    @property
    def output(self) -> Any:
        return self.execution.output

    @property
    def error(self) -> str | None:
        return self.execution.error

    @property
    def cause(self) -> str | None:
        return self.execution.cause

    @property
    def path(self) -> list[str]:
        """The names of the states entered, in order."""
        return [
            event.details["name"] for event in self.events if event.type.endswith("StateEntered")
        ]

    @property
    def waits_s(self) -> list[float]:
        moments = [datetime.fromisoformat(event.timestamp) for event in self.events]
        waits = [(later - sooner).total_seconds() for sooner, later in pairwise(moments)]
        return [round(wait, 2) for wait in waits if wait]

    @property
    def payload_bytes(self) -> list[int]:
        """The sizes of all inputs and outputs of states and tasks."""
        texts = (
            event.details.get(part)
            for event in self.events
            for part in ("input", "output", "parameters")
        )
        return [len(text.encode()) for text in texts if text]

    def sent_to(self, task: str) -> list[Any]:
        """The events that a task was sent, in order."""
        return [event for called, event in self.calls if called == task]


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    engines: list[Engine] = []

    def run(
        machine: Machine, given: Mapping[str, Any], doing: Mapping[str, Outcome] | None = None
    ) -> Ran:
        stated = Stated(doing or {})
        home = tmp_path / str(len(engines))
        home.mkdir()
        engine = Engine(
            home,
            {machine.name: to_asl(machine)},
            stated,
            clock=VirtualClock(),
            jitter=LongestWait(),
        )
        engines.append(engine)
        execution = engine.start(machine.name, given)
        engine.run([execution])
        return Ran(engine.describe(execution), engine.history(execution), stated.calls)

    yield run
    for engine in engines:
        engine.close()
