"""Reject: keep the reason with the file; raw keeps the file."""

from dataclasses import dataclass

from tasks.errors import ClaimLost
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class CaughtError:
    """What a Catch stores: the error's name, and its cause, which for a task is JSON text."""

    Error: str
    Cause: str


@dataclass(frozen=True)
class RejectFile:
    """The claimed file and the error that rejects it."""

    claim: str
    fence: int
    execution: str
    error: CaughtError


@dataclass(frozen=True)
class Rejected:
    """The reason as one clear sentence, and the error's name."""

    rule: str
    reason: str


REJECT = TaskSpec(
    name="reject",
    summary="Record why the file is rejected.",
    takes=RejectFile,
    gives=Rejected,
    raises=(ClaimLost,),
    timeout_s=30,
)
