"""Whole objects under slash-separated keys."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


class NoSuchObject(LookupError):
    """`key` holds nothing."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"there is no object {key}")


@dataclass(frozen=True)
class ObjectInfo:
    """`modified_at` is UTC, ISO 8601 with Z; `metadata` what was given at the put."""

    key: str
    size: int
    modified_at: str
    metadata: Mapping[str, str]


class ObjectStore(Protocol):
    """Whole objects under keys. A put is all or nothing, and replaces."""

    def open(self, key: str) -> BinaryIO:
        """Read from the start. Raises `NoSuchObject` when `key` holds nothing."""
        ...

    def describe(self, key: str) -> ObjectInfo:
        """Size, time and metadata. Raises `NoSuchObject`."""
        ...

    def local(self, key: str) -> AbstractContextManager[Path]:
        """The object as a local file, to be read only, for as long as the context lasts.

        Raises `NoSuchObject`.
        """
        ...

    def put(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> None:
        """Replace what `key` holds. A reader sees the old object or the new, never a mix."""
        ...

    def put_file(self, key: str, path: Path, *, metadata: Mapping[str, str] | None = None) -> None:
        """As `put`, with the content of a local file, which is moved away or copied: the caller
        gives it up. The content is on stable storage when this returns."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Replace what `target` holds with what `source` holds. Raises `NoSuchObject`."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """What lies under `prefix`, in the order of keys. `prefix` ends in a slash, or is empty."""
        ...

    def delete(self, prefix: str) -> int:
        """Remove the object `prefix`, or, when it ends in a slash, all under it. Returns how many
        were there; removing nothing is no error."""
        ...

    def scratch(self) -> AbstractContextManager[Path]:
        """A fresh local folder of this attempt alone, removed at the end. On the same file system
        as the store where there is one, so that `put_file` moves instead of copying."""
        ...
