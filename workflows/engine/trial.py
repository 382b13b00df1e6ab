"""One state, tried alone: in memory, without an execution, and told what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tasks.ports.clock import Clock, Jitter
from workflows.engine import retry
from workflows.engine.definition import StateMachine
from workflows.engine.frames import Frame, Run
from workflows.engine.integrations import TaskFailed
from workflows.engine.interpreter import Interpreter, TaskCall
from workflows.engine.query import Query
from workflows.engine.template import Scope

TrialStatus = Literal["SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"]
Outcome = tuple[Any, str] | TaskFailed
Work = Callable[[TaskCall], Outcome]
_WITH_CHILDREN = ("Parallel", "Map")
_ARN = "arn:aws:states:::execution:test:test"


@dataclass
class Tried:
    """What became of a state. `output` is JSON text; the indexes name the retrier or catcher that
    took the error, `backoff_s` how long the retry waits; `received` is what its work gave."""

    status: TrialStatus
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    next: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    received: tuple[Any, str] | None = None
    retry_index: int | None = None
    catch_index: int | None = None
    backoff_s: float | None = None


@dataclass(frozen=True)
class Trial:
    """A state of a machine, by scope and name, with what it is given.

    `retries` is how often the retrier that takes an error has been used; `context` stands in for
    the context object. `mocked` is the result, or the failure, of a Task, Parallel or Map; a Task
    without it calls `work`.
    """

    machine: StateMachine
    scope: str
    name: str
    input: Any
    variables: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] | None = None
    mocked: Outcome | None = None
    retries: int = 0

    @property
    def state(self) -> Mapping[str, Any]:
        """The state's definition."""
        return self.machine.state(self.scope, self.name)

    def stage(self, clock: Clock, jitter: Jitter) -> tuple[Alone, Frame]:
        """The state as it is entered."""
        now = clock.now()
        run = Run(0, _ARN, "test", self.machine, self.input, now, 0)
        interpreter = Alone(run, clock, jitter, self.context)
        frame = run.spawn(None, self.scope, 0, self.input)
        frame.state, frame.variables, frame.entered_at = self.name, dict(self.variables), now
        return interpreter, frame

    def run(self, clock: Clock, jitter: Jitter, work: Work) -> Tried:
        """Try it, to the end of the state."""
        interpreter, frame = self.stage(clock, jitter)
        used = dict.fromkeys(range(len(self.state.get("Retry", ()))), self.retries)
        if self.mocked is not None and self.state["Type"] in _WITH_CHILDREN:
            interpreter.pretend(frame, self.mocked, used)
            return interpreter.tried(frame)
        interpreter.advance(1)
        if frame.phase == "waiting":
            interpreter.fire(frame)
        elif frame.phase == "scheduled":
            call = interpreter.start_task(frame)
            outcome = work(call) if self.mocked is None else self.mocked
            frame.retries = used
            if isinstance(outcome, TaskFailed):
                interpreter.task_failed(frame, outcome)
            else:
                interpreter.received = outcome
                interpreter.task_succeeded(frame, *outcome)
        return interpreter.tried(frame)


class Alone(Interpreter):
    """An interpreter that remembers what failed and what took it."""

    def __init__(
        self, run: Run, clock: Clock, jitter: Jitter, context: Mapping[str, Any] | None
    ) -> None:
        super().__init__(run, clock, jitter)
        self._context = context
        self._failure: tuple[str | None, str | None] | None = None
        self._retrier: int | None = None
        self._catcher: int | None = None
        self.received: tuple[Any, str] | None = None

    def scope(self, frame: Frame) -> Scope:
        """As always, but with the context object that was given."""
        seen = super().scope(frame)
        return seen if self._context is None else Scope(seen.input, self._context, seen.variables)

    def query(self, frame: Frame) -> Query:
        """As always, but with the context object that was given."""
        query = super().query(frame)
        return query if self._context is None else query.having(context=self._context)

    def fail(self, frame: Frame, error: str | None, cause: str | None, *, also: str = "") -> None:
        """As always, and noted."""
        state, used = self.state(frame), dict(frame.retries)
        self._failure = error, cause
        super().fail(frame, error, cause, also=also)
        if frame.phase == "retrying":
            self._retrier = next(i for i, n in frame.retries.items() if n != used.get(i, 0))
        else:
            self._catcher = retry.catcher(state.get("Catch", ()), error or "", also=also)

    def pretend(self, frame: Frame, outcome: Outcome, used: dict[int, int]) -> None:
        """A Parallel or Map whose branches are not run, but gave this outcome."""
        kind = self.state(frame)["Type"]
        frame.entered = self.emit(frame, f"{kind}StateEntered", {"name": frame.state})
        frame.phase, frame.retries = "children", used
        self.run.ready.clear()
        if isinstance(outcome, TaskFailed):
            self.fail(frame, outcome.error, outcome.cause)
        else:
            self.received = outcome
            self.complete(frame, outcome[0])

    def tried(self, frame: Frame) -> Tried:
        """What became of the state."""
        ending = self.run.changes.ending
        if ending is not None and ending.status != "SUCCEEDED":
            return Tried("FAILED", None, ending.error, ending.cause, received=self.received)
        told = Tried("SUCCEEDED", variables=frame.variables, received=self.received)
        if self._failure is not None and frame.phase == "retrying":
            told.status, told.retry_index = "RETRIABLE", self._retrier
            told.backoff_s = (frame.wake or self.now) - self.now
        else:
            told.output = frame.text
            told.next = None if ending is not None else frame.state
            if self._catcher is not None:
                told.status, told.catch_index = "CAUGHT_ERROR", self._catcher
        if self._failure is not None:
            told.error, told.cause = self._failure
        return told
