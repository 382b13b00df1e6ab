"""DiscardStaging: undo of parsing and validating, and the broom after publishing."""

from dataclasses import dataclass

from tasks.spec import TaskSpec


@dataclass(frozen=True)
class DiscardStaged:
    """The lease whose staging prefix is to be emptied."""

    claim: str
    fence: int
    staging: str


@dataclass(frozen=True)
class StagingDiscarded:
    """How many objects were removed."""

    objects: int


DISCARD_STAGING = TaskSpec(
    name="discard_staging",
    summary="Remove what the lease left in staging.",
    takes=DiscardStaged,
    gives=StagingDiscarded,
    timeout_s=120,
)
