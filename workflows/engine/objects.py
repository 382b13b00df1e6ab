"""The objects that a Distributed Map reads its items from and writes its results to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from tasks.ports.objects import NoSuchObject, ObjectInfo, ObjectStore

BUCKET = "${bucket}"
"""The name by which definitions know the platform's one bucket; on AWS Terraform fills it in."""


class ObjectsFault(Exception):
    """S3 would refuse the call; the text is what it would say."""


@dataclass(frozen=True)
class Listed:
    """One object of a listing; `modified_at` in seconds since the epoch."""

    key: str
    size: int
    modified_at: float
    etag: str


class Objects(Protocol):
    """Buckets with objects. All methods raise `ObjectsFault`."""

    def list(self, bucket: str, prefix: str) -> Iterator[Listed]:
        """The objects whose keys start with `prefix`, in the order of their keys."""
        ...

    def open(self, bucket: str, key: str) -> BinaryIO:
        """One object, from its start."""
        ...

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Replace what `key` holds."""
        ...


class StoredObjects:
    """The platform's object store as the one bucket `${bucket}`; without a store, no bucket."""

    def __init__(self, store: ObjectStore | None) -> None:
        self._store = store

    def list(self, bucket: str, prefix: str) -> Iterator[Listed]:
        """As `Objects.list`. An ETag changes with an object's size or time."""
        store = self._in(bucket)
        folder = prefix[: prefix.rfind("/") + 1]
        try:
            for info in store.list(folder):
                if info.key.startswith(prefix):
                    modified = datetime.fromisoformat(info.modified_at).timestamp()
                    yield Listed(info.key, info.size, modified, _etag(info))
        except ValueError:  # no key begins so
            return

    def open(self, bucket: str, key: str) -> BinaryIO:
        """As `Objects.open`."""
        store = self._in(bucket)
        try:
            return store.open(key)
        except (NoSuchObject, ValueError) as error:  # a key that no object can have, too
            raise ObjectsFault(f"The specified key does not exist: {key}") from error

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """As `Objects.put`."""
        store = self._in(bucket)
        try:
            store.put(key, body)
        except ValueError as error:
            raise ObjectsFault(str(error)) from error

    def _in(self, bucket: str) -> ObjectStore:
        if bucket != BUCKET or self._store is None:
            raise ObjectsFault(f"The specified bucket does not exist: {bucket}")
        return self._store


def _etag(info: ObjectInfo) -> str:
    text = f"{info.key}\n{info.size}\n{info.modified_at}".encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()
