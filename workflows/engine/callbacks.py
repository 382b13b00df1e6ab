"""Tasks that wait until somebody sends their outcome with a token.

A token names one attempt of one Task: the execution, and the event that scheduled the attempt. The
journal holds a row for as long as the Task waits; whoever sends an outcome writes it there, from
any process, and the execution's owner takes it up. When the Task ends, so does its token.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from tasks.failures import TaskFailed
from workflows.engine.frames import Frame
from workflows.engine.jsontext import dumps, loads

_KIND = "ons1"


@dataclass(frozen=True)
class Callback:
    """What was sent for a Task that waits: an outcome as JSON text, the time of the last sign of
    life; None for what was not."""

    execution: int
    call: int
    frame: int
    outcome: str | None
    beat: float | None


def token_of(key: int, arn: str, call: int) -> str:
    """The token of the attempt that the event `call` scheduled."""
    plain = f"{_KIND}.{key}.{call}.{_digest(arn, call)}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def parse_token(token: str) -> tuple[int, int, str] | None:
    """The execution's key, the event, and what `proves` asks for; None for what is no token."""
    try:
        plain = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True).decode()
        kind, key, call, digest = plain.split(".")
        return (int(key), int(call), digest) if kind == _KIND else None
    except ValueError:
        return None


def proves(digest: str, arn: str, call: int) -> bool:
    """Whether a token's last part belongs to this execution and event."""
    return digest == _digest(arn, call)


def succeeded(output: str) -> str:
    """An outcome to be kept; `output` is JSON text."""
    return dumps({"output": output})


def failed(error: str | None, cause: str | None) -> str:
    """An outcome to be kept; a failure may be without any name, as on AWS."""
    return dumps({"error": error, "cause": cause})


def outcome_of(text: str) -> tuple[Any, str] | TaskFailed:
    """The outcome that was kept: the result and its JSON text, or the failure."""
    kept = loads(text)
    if "output" in kept:
        return loads(kept["output"]), kept["output"]
    return TaskFailed(kept["error"], kept["cause"])


def wait_for_outcome(frame: Frame, now: float) -> None:
    """The call was made; from now on the Task lives until its time is over or a beat is missed."""
    frame.phase, frame.deadline = "callback", frame.wake
    beaten(frame, now)


def beaten(frame: Frame, at: float) -> bool:
    """There was a sign of life; whether that gives the Task more time."""
    before = frame.wake
    ends = [frame.deadline, None if frame.heartbeat is None else at + frame.heartbeat]
    frame.wake = min((end for end in ends if end is not None), default=None)
    return frame.wake != before


def missed_a_beat(frame: Frame) -> bool:
    """Whether what ends now is the time to the next sign of life, and not the Task's whole time."""
    waits = frame.phase == "callback" and frame.heartbeat is not None
    return waits and frame.wake != frame.deadline


def _digest(arn: str, call: int) -> str:
    return hashlib.sha256(f"{arn}.{call}".encode()).hexdigest()[:24]
