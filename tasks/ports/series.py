"""Time series of published releases: one value of one measure of one entity at one time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class SeriesRelease:
    """A release whose series are to be loaded: its Parquet parts by object key."""

    dataset: str
    release: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class SeriesQuestion:
    """`where` maps entity columns to the value they must have; times are ONS wall time, ISO 8601
    without a zone, `start` included and `end` excluded. `releases` are those a reader may see."""

    dataset: str
    measure: str
    releases: tuple[str, ...]
    where: Mapping[str, str]
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True)
class Point:
    """`time` is ONS wall time, ISO 8601 without a zone; `value` is null where ONS left it empty."""

    time: str
    entity: tuple[str, ...]
    value: float | None


class SeriesStore(Protocol):
    """Points kept per release. Nobody sees a release that they do not name."""

    def load(self, release: SeriesRelease) -> int:
        """Load the release's points and answer how many there are. Again: the same, no doubles."""
        ...

    def unload(self, dataset: str, release: str) -> bool:
        """Remove the release's points where the store can; answers whether it did."""
        ...

    def points(self, question: SeriesQuestion) -> Sequence[Point]:
        """The points of the named releases, by time and then entity."""
        ...
