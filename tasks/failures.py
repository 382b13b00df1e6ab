"""How a failure looks from outside: an error name and a cause, as AWS Lambda gives them."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

from tasks.scrubbing import scrubbed


class TaskFailed(Exception):
    """A task ended with an error that a state machine matches by its name. Only an outcome that
    was sent with a task token may be without one."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        self.error, self.cause = error, cause
        super().__init__(f"{error}: {cause}")


def failure_of(error: BaseException, environ: Mapping[str, str] | None = None) -> TaskFailed:
    """The failure that AWS Lambda would report for a Python exception, without any secret.

    The name is the bare class name; the cause is JSON text. What the process's environment
    (`environ`: another one) holds, and what looks like a credential, is taken out of the message
    and of the stack trace's lines; files are named from where they are imported, so that no path
    tells whose machine it was.
    """
    known = os.environ if environ is None else environ
    cause = {
        "errorMessage": scrubbed(_message(error), known),
        "errorType": type(error).__name__,
        "requestId": "",
        "stackTrace": [scrubbed(line, known) for line in _trace(error)],
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


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # an exception's own text may be a bug too
        return f"(its message could not be made: {type(broken).__name__})"


def _trace(error: BaseException) -> Iterator[str]:
    """The lines of Lambda's `stackTrace`, files named from where they are imported."""
    for frame in traceback.extract_tb(error.__traceback__):
        where = f'  File "{_imported(frame.filename)}", line {frame.lineno}, in {frame.name}\n'
        yield where + (f"    {frame.line}\n" if frame.line else "")


def _imported(file: str) -> str:
    """The file's path below the folder that it is imported from, or its name alone."""
    path = Path(file)
    roots = [root for root in sys.path if root and path.is_relative_to(root)]
    return path.relative_to(max(roots, key=len)).as_posix() if roots else path.name
