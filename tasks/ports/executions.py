"""Executions of state machines, as Step Functions speaks of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]


@dataclass(frozen=True)
class Execution:
    """One execution; times are UTC with Z, `output`, `error` and `cause` null while unknown."""

    id: str
    machine: str
    name: str
    status: Status
    started_at: str
    stopped_at: str | None
    input: Mapping[str, Any]
    output: Any | None
    error: str | None
    cause: str | None


@dataclass(frozen=True)
class HistoryEvent:
    """One event, named and shaped as GetExecutionHistory's: `details` is the `…EventDetails`."""

    id: int
    previous_id: int
    type: str
    timestamp: str
    details: Mapping[str, Any]


class Executions(Protocol):
    """Start and look at executions."""

    def start(self, machine: str, input: Mapping[str, Any], *, name: str | None = None) -> str:
        """Start an execution and answer its id. A name that runs already with the same input
        answers that execution's id; with another input, or closed, it is refused."""
        ...

    def describe(self, id: str) -> Execution:
        """One execution. Raises `NoSuchExecution`."""
        ...

    def list(
        self, *, machine: str | None = None, status: Status | None = None, limit: int = 100
    ) -> Sequence[Execution]:
        """The newest executions first."""
        ...

    def history(self, id: str) -> Sequence[HistoryEvent]:
        """All events of one execution in order. Raises `NoSuchExecution`."""
        ...

    def stop(self, id: str, *, error: str = "", cause: str = "") -> None:
        """Abort a running execution; no Catch runs. Stopping an ended one is no error."""
        ...
