"""ParseTabular: from the file's text to typed Parquet parts with row-local flags."""

from dataclasses import dataclass, replace

from tasks.errors import ClaimLost, CutOff, TooManyBadRows, UnreadableFile, WrongHeader
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class ParseFile:
    """A classified file, and the lease under which its parts are written."""

    claim: str
    fence: int
    staging: str
    key: str
    name: str
    dataset: str
    release: str


@dataclass(frozen=True)
class Parsed:
    """Counts, and the key of the `ParseReport`.

    `rows_read` counts non-blank records; `rows_read - rows_quarantined` are in the parts.
    """

    parse_report: str
    rows_read: int
    rows_quarantined: int


PARSE_TABULAR = TaskSpec(
    name="parse_tabular",
    summary="Read the file by its contract into typed parts; quarantine what breaks it.",
    takes=ParseFile,
    gives=Parsed,
    raises=(ClaimLost, UnreadableFile, WrongHeader, CutOff, TooManyBadRows),
    timeout_s=840,
    memory_mb=1024,
    in_process=False,
)

PARSE_LARGE_TABULAR = replace(
    PARSE_TABULAR,
    name="parse_large_tabular",
    summary="The same reading as a Batch job, for files too large for a Lambda function.",
    runs_on="batch",
    timeout_s=3 * 3600,
    memory_mb=4096,
    handler="tasks.parse_tabular.task:parse_tabular",
)
