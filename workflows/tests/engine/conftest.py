"""An engine with a clock that passes its time at once, and functions that tests write out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.failures import TaskFailed, failure_of
from tasks.ports.executions import Execution, HistoryEvent
from workflows.engine.engine import Engine


class VirtualClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now
        self.start = now

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class FixedJitter:
    """Always the same chance."""

    def __init__(self, fraction: float = 0.5) -> None:
        self._fraction = fraction

    def fraction(self) -> float:
        return self._fraction


class Functions:
    """Integrations written out: a name, and what it does with an event."""

    def __init__(self, **functions: Callable[[Any], Any]) -> None:
        self.functions = functions
        self.calls: list[tuple[str, Any]] = []
        self.attempts: list[int] = []

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        self.calls.append((function, payload))
        self.attempts.append(attempt)
        return self._run(function, payload)

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        name = job["JobDefinition"]
        self.calls.append((name, job))
        result: Mapping[str, Any] = self._run(name, job)
        return result

    def request(self, service: str, api: str, parameters: Any, *, timeout_s: float) -> Any:
        self.calls.append((f"{service}:{api}", parameters))
        return self._run(api, parameters)

    def _run(self, name: str, payload: Any) -> Any:
        try:
            return self.functions[name](payload)
        except TaskFailed:
            raise
        except Exception as error:
            raise failure_of(error) from error


class Ran:
    """One execution that ended, with what a test asks of it."""

    def __init__(self, engine: Engine, id: str) -> None:
        self.engine, self.id = engine, id
        self.execution: Execution = engine.describe(id)
        self.events: list[HistoryEvent] = list(engine.history(id))

    @property
    def types(self) -> list[str]:
        return [e.type for e in self.events]

    @property
    def path(self) -> list[str]:
        return [e.details["name"] for e in self.events if e.type.endswith("StateEntered")]

    def details(self, type: str) -> list[Mapping[str, Any]]:
        return [e.details for e in self.events if e.type == type]


Run = Callable[..., Ran]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def engines(tmp_path: Path, clock: VirtualClock) -> Iterator[Callable[..., Engine]]:
    """Makes engines on one home; all are closed at the end."""
    made: list[Engine] = []

    def make(
        definition: Mapping[str, Any], functions: Functions | None = None, **kw: Any
    ) -> Engine:
        given = {"clock": clock, "jitter": FixedJitter(), **kw}
        engine = Engine(tmp_path, {"m": definition}, functions or Functions(), **given)
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def ran() -> Callable[[Engine, str], Ran]:
    """Looks at an execution that ended."""
    return Ran


@pytest.fixture
def run(engines: Callable[..., Engine]) -> Run:
    """Runs one execution of one definition to its end."""

    def go(definition: Mapping[str, Any], input: Any = None, /, **functions: Any) -> Ran:
        engine = engines(definition, Functions(**functions))
        id = engine.start("m", {} if input is None else input)
        engine.run([id])
        return Ran(engine, id)

    return go
