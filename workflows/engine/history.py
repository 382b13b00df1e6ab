"""History events, named and shaped as Step Functions' GetExecutionHistory gives them."""

from __future__ import annotations

from typing import Any

from tasks.ports.executions import HistoryEvent
from workflows.engine.times import utc_text

MAX_CAUSE = 32_768
MAX_ERROR = 256
ENDINGS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")

# Types whose details lie under a key that is not their own name with a small first letter.
_ENTERED, _EXITED = "stateEnteredEventDetails", "stateExitedEventDetails"


def details_key(event_type: str) -> str:
    """The field of GetExecutionHistory's answer that holds the details of this type."""
    if event_type.endswith("StateEntered"):
        return _ENTERED
    if event_type.endswith("StateExited"):
        return _EXITED
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"


def event(id: int, previous: int, type: str, at: float, details: dict[str, Any]) -> HistoryEvent:
    """One event at a time in seconds since the epoch."""
    return HistoryEvent(id, previous, type, utc_text(at), details)


def entered(name: str, input: str) -> dict[str, Any]:
    """Details of `…StateEntered`; `input` is JSON text."""
    return {"name": name, "input": input, "inputDetails": {"truncated": False}}


def exited(name: str, output: str, assigned: dict[str, str]) -> dict[str, Any]:
    """Details of `…StateExited`; `output` and the assigned variables are JSON text."""
    details: dict[str, Any] = {
        "name": name,
        "output": output,
        "outputDetails": {"truncated": False},
    }
    if assigned:
        details |= {
            "assignedVariables": assigned,
            "assignedVariablesDetails": {"truncated": False},
        }
    return details


def produced(output: str) -> dict[str, Any]:
    """Details of an event that carries an output as JSON text."""
    return {"output": output, "outputDetails": {"truncated": False}}


def failed(error: str | None, cause: str | None) -> dict[str, Any]:
    """Details of a failure; what is unknown is left out."""
    details = {}
    if error is not None:
        details["error"] = error[:MAX_ERROR]
    if cause is not None:
        details["cause"] = cause[:MAX_CAUSE]
    return details
