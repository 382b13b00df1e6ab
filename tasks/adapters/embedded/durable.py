"""Files that are whole or not there, and still there when the power fails."""

import os
import tempfile
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents; each new name is on stable storage."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in `folder` on stable storage; a folder that is gone needs nothing."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Put the content of `path` on stable storage."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_aside(folder: Path, body: bytes) -> Path:
    """A new file in `folder` with `body` on stable storage, to be renamed to where it belongs."""
    handle, name = tempfile.mkstemp(dir=folder, prefix="new-")
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def write_whole(path: Path, body: bytes, *, aside: Path | None = None) -> None:
    """Replace `path` with `body` at once and durably. `aside` is a folder of the same file system
    for the new file until it is complete; the folder of `path` unless given."""
    new = write_aside(aside or path.parent, body)
    new.replace(path)
    sync_folder(path.parent)
