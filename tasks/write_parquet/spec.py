"""WriteParquet: the release's immutable folder."""

from dataclasses import dataclass

from tasks.errors import ClaimLost
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class WriteRelease:
    """All that `release.json` says, or the keys of the reports that say it."""

    claim: str
    fence: int
    key: str
    name: str
    dataset: str
    source: str
    published_at: str
    sha256: str
    release: str
    parse_report: str
    validate_report: str


@dataclass(frozen=True)
class Written:
    """The release's document and how many rows it publishes."""

    release_document: str
    rows_published: int


WRITE_PARQUET = TaskSpec(
    name="write_parquet",
    summary="Move the parts into the release's folder; rewrite only those that gained flags.",
    takes=WriteRelease,
    gives=Written,
    raises=(ClaimLost,),
    timeout_s=840,
    memory_mb=1024,
    in_process=False,
)
