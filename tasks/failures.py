"""How a failure looks from outside: an error name and a cause, as AWS Lambda gives them."""

from __future__ import annotations

import json
import traceback


class TaskFailed(Exception):
    """A task ended with an error that a state machine matches by its name. Only an outcome that
    was sent with a task token may be without one."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        self.error, self.cause = error, cause
        super().__init__(f"{error}: {cause}")


def failure_of(error: BaseException) -> TaskFailed:
    """The failure that AWS Lambda would report for a Python exception.

    The name is the bare class name; the cause is JSON text.
    """
    frames = traceback.format_tb(error.__traceback__)
    cause = {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": "",
        "stackTrace": frames,
    }
    return TaskFailed(type(error).__name__, json.dumps(cause, ensure_ascii=False))


def message_of(failure: TaskFailed) -> str:
    """The message inside a failure's cause: of a function, of a job, or the cause itself."""
    try:
        found = json.loads(failure.cause or "")
    except ValueError:
        return failure.cause or failure.error or ""
    if not isinstance(found, dict):
        return str(found)
    return str(found.get("errorMessage", found.get("StatusReason", failure.cause)))
