"""Sending what a Task waits for, by its token, from any process."""

from __future__ import annotations

from tasks.errors import BadRequest
from workflows.engine.callbacks import beaten, parse_token, proves
from workflows.engine.journal import Journal
from workflows.engine.jsontext import loads

MAX_OUTPUT = 262_144


class InvalidToken(BadRequest):
    """What was given was never a token of this journal."""


class TaskTimedOut(BadRequest):
    """The token's Task has ended; whatever is sent comes too late."""


class InvalidOutput(BadRequest):
    """The output is no JSON text, or too large."""


def send(journal: Journal, token: str, outcome: str | None, at: float) -> None:
    """Keep an outcome (as `callbacks` writes it), or a sign of life (None), for the owner of the
    token's execution. Raises `InvalidToken`, `TaskTimedOut`."""
    key, call = _named(journal, token)
    if not journal.send(key, call, outcome=outcome, at=at):
        raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")


def check_output(output: str) -> None:
    """Raises `InvalidOutput` for what cannot be a Task's output."""
    if len(output.encode(errors="replace")) > MAX_OUTPUT:
        raise InvalidOutput(f"Invalid Output: it has more than {MAX_OUTPUT} bytes")
    try:
        loads(output)
    except ValueError as error:
        raise InvalidOutput(f"Invalid Output: '{error}'") from error


def only_waits(journal: Journal, key: int, now: float) -> bool:
    """Whether all that an execution can do now is to wait for outcomes that nobody has sent."""
    frames = journal.frames(key)
    waiting = [frame for frame in frames if frame.phase == "callback"]
    if not waiting or any(f.phase not in ("callback", "children", "done") for f in frames):
        return False
    for frame in waiting:
        sent = journal.callback(key, frame.call)
        if sent is None or sent.outcome is not None:
            return False
        if sent.beat is not None:
            beaten(frame, sent.beat)
        if frame.wake is not None and frame.wake <= now:
            return False
    return True


def _named(journal: Journal, token: str) -> tuple[int, int]:
    parsed = parse_token(token)
    if parsed is not None:
        key, call, digest = parsed
        arn = journal.arn(key)
        if arn is not None and proves(digest, arn, call):
            return key, call
    raise InvalidToken("Invalid Token: 'Invalid token'")
