"""UnloadSeries: undo of LoadTimestream."""

from dataclasses import dataclass

from tasks.spec import TaskSpec


@dataclass(frozen=True)
class UnloadRelease:
    """The release whose series to remove, unless it was published or the lease was lost."""

    claim: str
    fence: int
    dataset: str
    release: str


@dataclass(frozen=True)
class SeriesUnloaded:
    """Whether there was anything to remove, as far as the store can tell."""

    removed: bool


UNLOAD_SERIES = TaskSpec(
    name="unload_series",
    summary="Remove the series of a release that was not published.",
    takes=UnloadRelease,
    gives=SeriesUnloaded,
    timeout_s=120,
)
