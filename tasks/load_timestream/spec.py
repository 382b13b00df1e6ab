"""LoadTimestream: the release's series, under its release, so that nobody sees them yet."""

from dataclasses import dataclass

from tasks.errors import ClaimLost
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class LoadSeries:
    """A written release of a dataset with time."""

    claim: str
    fence: int
    dataset: str
    release: str
    release_document: str


@dataclass(frozen=True)
class SeriesLoaded:
    """How many points (one measure of one entity at one time) the release has."""

    points: int


LOAD_TIMESTREAM = TaskSpec(
    name="load_timestream",
    summary="Load the release's series into the series store.",
    takes=LoadSeries,
    gives=SeriesLoaded,
    raises=(ClaimLost,),
    timeout_s=840,
    memory_mb=1024,
)
