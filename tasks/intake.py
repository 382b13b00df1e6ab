"""Take a local file into the object store, whole and under its own content's name."""

import hashlib
import os
import stat
import unicodedata
from collections.abc import Callable
from pathlib import Path

from tasks.claim.spec import FileArrived
from tasks.copying import Digest, copy_and_hash
from tasks.errors import UnreadableFile
from tasks.keys import name_of, raw_key
from tasks.moments import utc_from_nanoseconds
from tasks.ports.objects import NoSuchObject, ObjectStore


def receive(
    path: Path,
    *,
    origin: str,
    objects: ObjectStore,
    published_at: str | None = None,
    dataset: str | None = None,
    source: str | None = None,
    digest: Callable[[], Digest] = hashlib.sha256,
) -> FileArrived:
    """Copy the file to `raw/<sha256>/<name>` and answer the event that it arrived.

    It is read once, and hashed and written at the same time; bytes that the store has already
    under this name are not kept again. `published_at` is UTC with Z; when null, the file's
    modification time. `digest` makes a SHA-256. Raises `UnreadableFile` when it cannot be read,
    or changes while it is read.
    """
    origin = readable(origin)
    name = name_of(origin)
    try:
        with path.open("rb", buffering=0) as file, objects.scratch() as scratch:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise UnreadableFile(name, "it is not a regular file")
            copy = scratch / "copy"
            sha256 = copy_and_hash(file, copy, digest())
            if _version(os.fstat(file.fileno())) != _version(before):
                raise UnreadableFile(
                    name, "it changed while it was read; run it again when it is complete"
                )
            key, moment = raw_key(sha256, name), published_at
            moment = moment or utc_from_nanoseconds(before.st_mtime_ns)
            if not _has(objects, key, before.st_size):
                metadata = {"origin": origin, "published-at": moment}
                objects.put_file(key, copy, metadata=metadata)
    except (PermissionError, FileNotFoundError, IsADirectoryError) as error:
        raise UnreadableFile(name, f"it cannot be read: {error.strerror}") from error
    return FileArrived(
        key=key,
        origin=origin,
        published_at=moment,
        dataset=dataset,
        source=source,
        sha256=sha256,
        size=before.st_size,
    )


def readable(origin: str) -> str:
    """A path as text that can be written everywhere: NFC, and where its bytes are not UTF-8 (a
    name from an old archive), read as the Windows encoding of the Portuguese."""
    named = os.fsencode(origin)
    try:
        text = named.decode()
    except UnicodeDecodeError:
        text = named.decode("cp1252", errors="replace")
    return unicodedata.normalize("NFC", text)


def _version(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _has(objects: ObjectStore, key: str, size: int) -> bool:
    try:
        return objects.describe(key).size == size
    except NoSuchObject:
        return False
