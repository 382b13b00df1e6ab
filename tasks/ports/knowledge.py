"""Searchable documents about datasets and releases."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Document:
    """One searchable text. `release` is empty for what belongs to the contract alone.

    `id` is the same for the same thing, so that indexing again replaces.
    """

    id: str
    kind: Literal["dataset", "release"]
    dataset: str
    source: str
    release: str
    title: str
    body: str


@dataclass(frozen=True)
class Hit:
    """A document found, with its score (larger is better)."""

    document: Document
    score: float


class KnowledgeIndex(Protocol):
    """Full-text search in Portuguese and English, accents folded."""

    def alone(self) -> AbstractContextManager[None]:
        """No other process writes while the context lasts, so that reading what is to be written
        and writing it are one. Within it, `write` belongs to the context. Raises `TryAgain` when
        another process has it for too long."""
        ...

    def write(
        self,
        documents: Sequence[Document],
        forget: Collection[str] = (),
        remove: Collection[str] = (),
    ) -> None:
        """In one commit: forget the documents of the releases named, remove those with the ids
        named, and replace these documents by their ids. Raises `TryAgain` while another process
        writes."""
        ...

    def search(self, text: str, *, releases: Collection[str], limit: int = 10) -> Sequence[Hit]:
        """The best documents of the contracts and of the releases named, best first."""
        ...

    def ids(self) -> Collection[str]:
        """The ids of all documents indexed."""
        ...
