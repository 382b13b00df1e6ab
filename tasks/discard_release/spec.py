"""DiscardRelease: undo of WriteParquet."""

from dataclasses import dataclass

from tasks.spec import TaskSpec


@dataclass(frozen=True)
class DiscardWritten:
    """The release folder to remove, unless the release was published or the lease was lost."""

    claim: str
    fence: int
    release: str


@dataclass(frozen=True)
class ReleaseDiscarded:
    """How many objects were removed; none when the release is published."""

    objects: int


DISCARD_RELEASE = TaskSpec(
    name="discard_release",
    summary="Remove the folder of a release that was not published.",
    takes=DiscardWritten,
    gives=ReleaseDiscarded,
    timeout_s=120,
)
