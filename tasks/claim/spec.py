"""Claim: take the lease on one arrived file."""

from dataclasses import dataclass

from tasks.errors import ClaimHeld
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class FileArrived:
    """A file lies under `key` in the object store and waits to be ingested.

    `origin` is its path as ONS or the user named it, folders included; it helps to classify.
    `published_at` is UTC, ISO 8601 with Z; when null the object's metadata tells, else its
    modification time. `dataset` and `source` are what a person said, null when nobody did.
    """

    key: str
    origin: str
    published_at: str | None = None
    dataset: str | None = None
    source: str | None = None
    sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class TakeClaim:
    """The arrived file, and the execution that wants it."""

    execution: str
    key: str
    origin: str
    published_at: str | None
    dataset: str | None
    source: str | None
    sha256: str | None
    size: int | None


@dataclass(frozen=True)
class Claimed:
    """The lease. Every later write is conditional on (`claim`, `fence`).

    `claim` names the event (a hash), `fence` grows with every lease given; `staging` is the
    prefix under which this lease may write what is not yet released.
    """

    claim: str
    fence: int
    staging: str
    name: str
    published_at: str
    sha256: str
    size: int


CLAIM = TaskSpec(
    name="claim",
    summary="Take the lease on the arrived file.",
    takes=TakeClaim,
    gives=Claimed,
    raises=(ClaimHeld,),
    timeout_s=300,
)
