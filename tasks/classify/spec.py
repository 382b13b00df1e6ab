"""Classify: whose file is it, and is it news?"""

from dataclasses import dataclass
from typing import Literal

from tasks.errors import (
    AmbiguousDataset,
    UnknownDataset,
    UnreadableFile,
    WrongContent,
    WrongHeader,
)
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class ClassifyFile:
    """A claimed file; `dataset` and `source` are what a person said, or null."""

    key: str
    origin: str
    name: str
    dataset: str | None
    source: str | None
    published_at: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Classified:
    """The dataset and source of the file, and where it stands in the source's history.

    `standing`: `new`; `unchanged` (the publication just before it has the same bytes and
    processing version); `archived` (the same bytes were rolled back). For the latter two
    `known_release` is the release they already have. `release` is the id that the file's
    release will have. `confidence` is 0 to 1, `reason` a sentence. `route`: `tabular` for the
    Lambda function, `large_tabular` for the Batch job.
    """

    dataset: str
    source: str
    confidence: float
    reason: str
    standing: Literal["new", "unchanged", "archived"]
    release: str
    known_release: str | None
    route: Literal["tabular", "large_tabular"]
    has_series: bool


CLASSIFY = TaskSpec(
    name="classify",
    summary="Find the file's dataset and source, and whether its content is news.",
    takes=ClassifyFile,
    gives=Classified,
    raises=(UnreadableFile, UnknownDataset, AmbiguousDataset, WrongContent, WrongHeader),
    timeout_s=120,
    memory_mb=512,
)
