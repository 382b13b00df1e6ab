"""An execution as a person looks at it: each visit of a state, told from its history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tasks.ports.executions import HistoryEvent
from workflows.engine.jsontext import loads

StepStatus = Literal["RUNNING", "SUCCEEDED", "CAUGHT", "FAILED", "ABORTED"]
_ENDINGS: dict[str, StepStatus] = {
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "ABORTED",
    "ExecutionAborted": "ABORTED",
}
_UNSUCCESSFUL = ("FAILED", "ABORTED")
_FAULTS = (
    "TaskFailed", "TaskTimedOut", "LambdaFunctionFailed", "LambdaFunctionTimedOut",
    "EvaluationFailed",
)  # fmt: skip
_SUCCESSES = (
    "TaskSucceeded", "LambdaFunctionSucceeded", "MapStateSucceeded", "ParallelStateSucceeded",
)  # fmt: skip
_TRIES = ("TaskScheduled", "LambdaFunctionScheduled", "MapStateStarted", "ParallelStateStarted")


@dataclass(frozen=True)
class Step:
    """One visit of one state.

    `path` is the way to it from outside: the names of the Parallel and Map states around it, a Map
    state's with the item's index. `attempts` counts the tries of its work, 1 without a retry.
    `error` and `cause` are those of the last try that failed; a step whose error was caught has
    the status CAUGHT.
    """

    id: int
    path: tuple[str, ...]
    name: str
    type: str
    status: StepStatus
    attempts: int
    entered_at: str
    exited_at: str | None
    input: Any
    output: Any
    error: str | None
    cause: str | None
    inside: int | None = None
    """The id of the step of the Parallel or Map state around it."""
    thread: int | None = None
    """Which of that state's threads it is in: the item's index, or the branch, as they began."""
    started: tuple[str, ...] = ()
    """The ARNs of the executions and map runs that it started."""


def steps_of(events: Iterable[HistoryEvent]) -> list[Step]:
    """The steps in the order in which they were entered."""
    story = Story()
    for event in events:
        story.add(event)
    return list(story.steps.values())


@dataclass(frozen=True)
class Thread:
    """In a stack, after the step of a Parallel or Map: one branch of it, or one item."""

    kind: Literal["Parallel", "Map"]
    index: int


Stack = tuple[int | Thread, ...]
"""What one thread of states is inside of: steps by id, and threads."""


class Story:
    """The steps by id, as far as the history was told."""

    def __init__(self) -> None:
        self.steps: dict[int, Step] = {}
        self._open_after: dict[int, Stack] = {0: ()}
        self._branches: dict[int, int] = {}
        self._left: dict[int, Stack] = {}
        """What the item of each iteration that failed was inside of: a redrive goes on there."""
        self._redrivable: set[int] = set()

    def add(self, event: HistoryEvent) -> list[Step]:
        """Take the next event, and answer the steps that it changed."""
        before = dict(self.steps) if event.type in _ENDINGS else {}
        failed: list[int] = []
        stack = self._open_after.get(event.previous_id, ())
        if self._redrivable and event.type != "MapIterationStarted":
            stack = self._left.get(event.previous_id, stack)
        changed = [] if event.type in _ENDINGS else self._reopen(stack)
        if event.type.endswith("StateEntered"):
            stack = self._enter(event, stack)
        elif event.type == "MapIterationStarted":
            stack = (*stack, Thread("Map", event.details["index"]))
        elif event.type.startswith("MapIteration"):
            self._left[event.id] = stack
            stack, failed = self._close(stack, event, _is_item)
            stack = stack[:-1]
        elif event.type in ("MapStateFailed", "ParallelStateFailed", "ParallelStateSucceeded"):
            kind = event.type.partition("State")[0]
            stack, failed = self._close(stack, event, self._is_step("type", kind))
        elif event.type.endswith("StateExited"):
            named = self._is_step("name", event.details["name"])
            stack, failed = self._close(stack, event, named)
        elif event.type == "ParallelStateStarted":
            self._branches[event.id] = 0
        elif event.type == "ExecutionRedriven":
            self._redrivable = {s.id for s in self.steps.values() if s.status in _UNSUCCESSFUL}
        changed += failed
        if stack and isinstance(top := stack[-1], int):
            self.steps[top] = _changed(self.steps[top], event)
            changed.append(top)
        self._open_after[event.id] = stack[:-1] if event.type.endswith("StateExited") else stack
        if event.type in _ENDINGS:
            self.steps = {id: _ended(step, event) for id, step in self.steps.items()}
            changed = [id for id, step in self.steps.items() if step is not before[id]]
        return [self.steps[id] for id in dict.fromkeys(changed)]

    def _reopen(self, stack: Stack) -> list[int]:
        """A redrive goes on with steps that had failed: something happens to them again."""
        again = [id for id in stack if isinstance(id, int) and id in self._redrivable]
        for id in again:
            self._redrivable.discard(id)
            self.steps[id] = replace(
                self.steps[id], status="RUNNING", exited_at=None, error=None, cause=None
            )
        return again

    def _enter(self, event: HistoryEvent, stack: Stack) -> Stack:
        if event.previous_id in self._branches:
            stack = (*stack, Thread("Parallel", self._branches[event.previous_id]))
            self._branches[event.previous_id] += 1
        self.steps[event.id] = _entered(event, stack, self.steps)
        return (*stack, event.id)

    def _close(
        self, stack: Stack, event: HistoryEvent, until: Callable[[int | Thread], bool]
    ) -> tuple[Stack, list[int]]:
        """Drop what lies above the entry looked for; a step found open there has failed."""
        failed = []
        while stack and not until(stack[-1]):
            top = stack[-1]
            if isinstance(top, int) and self.steps[top].status == "RUNNING":
                self.steps[top] = replace(
                    self.steps[top],
                    status="FAILED",
                    attempts=max(self.steps[top].attempts, 1),
                    exited_at=event.timestamp,
                )
                failed.append(top)
            stack = stack[:-1]
        return stack, failed

    def _is_step(self, field: str, value: str) -> Callable[[int | Thread], bool]:
        return lambda entry: isinstance(entry, int) and getattr(self.steps[entry], field) == value


def _is_item(entry: int | Thread) -> bool:
    return isinstance(entry, Thread) and entry.kind == "Map"


def _path(stack: Stack, steps: Mapping[int, Step]) -> tuple[str, ...]:
    path: list[str] = []
    for entry in stack:
        if isinstance(entry, int):
            path.append(steps[entry].name)
        elif entry.kind == "Map":
            path[-1] += f"[{entry.index}]"
    return tuple(path)


def _ended(step: Step, event: HistoryEvent) -> Step:
    if step.status != "RUNNING":
        return step
    attempts = max(step.attempts, 1)
    return replace(step, status="ABORTED", attempts=attempts, exited_at=event.timestamp)


def _entered(event: HistoryEvent, stack: Stack, steps: Mapping[int, Step]) -> Step:
    kind = event.type.removesuffix("StateEntered")
    value = loads(event.details["input"])
    thread = stack[-1].index if stack and isinstance(stack[-1], Thread) else None
    inside = next((entry for entry in reversed(stack) if isinstance(entry, int)), None)
    return Step(
        event.id, _path(stack, steps), event.details["name"], kind, "RUNNING", 0, event.timestamp,
        None, value, None, None, None, inside, thread,
    )  # fmt: skip


def _changed(step: Step, event: HistoryEvent) -> Step:
    kind = event.type
    if started := _started(event):
        step = replace(step, started=(*step.started, started))
    if kind in _TRIES:
        return replace(step, attempts=step.attempts + 1)
    if kind in _FAULTS:
        return replace(step, error=event.details.get("error"), cause=event.details.get("cause"))
    if kind in _SUCCESSES:
        return replace(step, error=None, cause=None)
    if kind.endswith("StateAborted"):
        return _ended(step, event)
    if kind.endswith("StateFailed"):
        return replace(step, status="FAILED", exited_at=event.timestamp)
    if kind.endswith("StateExited"):
        failed = step.status == "FAILED" or step.error is not None
        return replace(
            step,
            status="CAUGHT" if failed else "SUCCEEDED",
            attempts=max(step.attempts, 1),
            exited_at=event.timestamp,
            output=loads(event.details["output"]),
        )
    if kind in _ENDINGS and step.status == "RUNNING":
        return replace(
            step,
            status=_ENDINGS[kind],
            attempts=max(step.attempts, 1),
            exited_at=event.timestamp,
            error=step.error or event.details.get("error"),
            cause=step.cause or event.details.get("cause"),
        )
    return step


def _started(event: HistoryEvent) -> str | None:
    """The ARN of what the event says was started by the step."""
    if event.type == "MapRunStarted":
        arn = event.details.get("mapRunArn")
        return arn if isinstance(arn, str) else None
    # A request's response names the execution: at once, or when it is waited for, as submitted.
    is_nested = event.details.get("resourceType") == "states" and event.type in (
        "TaskSubmitted",
        "TaskSucceeded",
    )
    if not is_nested or not str(event.details.get("resource", "")).startswith("startExecution"):
        return None
    if event.type == "TaskSucceeded" and event.details["resource"] != "startExecution":
        return None  # it was told when it was submitted
    answer = loads(event.details.get("output") or "null")
    arn = answer.get("ExecutionArn") if isinstance(answer, dict) else None
    return arn if isinstance(arn, str) else None
