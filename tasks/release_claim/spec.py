"""ReleaseClaim: undo of Claim, and the end of every way that does not publish."""

from dataclasses import dataclass

from tasks.spec import TaskSpec


@dataclass(frozen=True)
class ReleaseLease:
    """The lease to give back. Giving back one that is lost already is no error."""

    claim: str
    fence: int


@dataclass(frozen=True)
class LeaseReleased:
    """Whether the lease was still held by this fence."""

    held: bool


RELEASE_CLAIM = TaskSpec(
    name="release_claim",
    summary="Give the lease back.",
    takes=ReleaseLease,
    gives=LeaseReleased,
    timeout_s=30,
)
