"""An execution as a person looks at it: each visit of a state, told from its history."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def steps_of(events: Iterable[HistoryEvent]) -> list[Step]:
    """The steps in the order in which they were entered."""
    steps: dict[int, Step] = {}
    open_after: dict[int, Stack] = {0: ()}
    for event in events:
        stack = open_after.get(event.previous_id, ())
        if event.type.endswith("StateEntered"):
            steps[event.id] = _entered(event, _path(stack, steps))
            stack = (*stack, event.id)
        elif event.type == "MapIterationStarted":
            stack = (*stack, f"[{event.details['index']}]")
        elif event.type.startswith("MapIteration"):
            stack = _close(stack, steps, event, lambda entry: isinstance(entry, str))[:-1]
        elif event.type in ("MapStateFailed", "ParallelStateFailed"):
            kind = event.type.removesuffix("StateFailed")
            stack = _close(stack, steps, event, _is_step(steps, "type", kind))
        elif event.type.endswith("StateExited"):
            stack = _close(stack, steps, event, _is_step(steps, "name", event.details["name"]))
        if stack and isinstance(stack[-1], int):
            steps[stack[-1]] = _changed(steps[stack[-1]], event)
        if event.type.endswith("StateExited"):
            stack = stack[:-1]
        open_after[event.id] = stack
        if event.type in _ENDINGS:
            steps = {id: _ended(step, event) for id, step in steps.items()}
    return list(steps.values())


Stack = tuple[int | str, ...]
"""What one thread is inside of: steps by id, and the index of an item after its Map's step."""


def _path(stack: Stack, steps: dict[int, Step]) -> tuple[str, ...]:
    path: list[str] = []
    for entry in stack:
        if isinstance(entry, int):
            path.append(steps[entry].name)
        else:
            path[-1] += entry
    return tuple(path)


def _close(
    stack: Stack, steps: dict[int, Step], event: HistoryEvent, until: Callable[[int | str], bool]
) -> Stack:
    """Drop what lies above the entry looked for; a step found open there has failed."""
    while stack and not until(stack[-1]):
        top = stack[-1]
        if isinstance(top, int) and steps[top].status == "RUNNING":
            steps[top] = replace(
                steps[top],
                status="FAILED",
                attempts=max(steps[top].attempts, 1),
                exited_at=event.timestamp,
            )
        stack = stack[:-1]
    return stack


def _is_step(steps: dict[int, Step], field: str, value: str) -> Callable[[int | str], bool]:
    return lambda entry: isinstance(entry, int) and getattr(steps[entry], field) == value


def _ended(step: Step, event: HistoryEvent) -> Step:
    if step.status != "RUNNING":
        return step
    attempts = max(step.attempts, 1)
    return replace(step, status="ABORTED", attempts=attempts, exited_at=event.timestamp)


def _entered(event: HistoryEvent, path: tuple[str, ...]) -> Step:
    kind = event.type.removesuffix("StateEntered")
    value = loads(event.details["input"])
    return Step(
        event.id, path, event.details["name"], kind, "RUNNING", 0, event.timestamp, None, value,
        None, None, None,
    )  # fmt: skip


def _changed(step: Step, event: HistoryEvent) -> Step:
    kind = event.type
    if kind in _TRIES:
        return replace(step, attempts=step.attempts + 1)
    if kind in ("TaskFailed", "TaskTimedOut", "LambdaFunctionFailed", "LambdaFunctionTimedOut"):
        return replace(step, error=event.details.get("error"), cause=event.details.get("cause"))
    if kind in ("TaskSucceeded", "LambdaFunctionSucceeded", "MapStateSucceeded"):
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
