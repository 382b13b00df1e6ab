"""The object store as a folder of files, one per key.

Below the root, keys are paths. `.metadata/<key>` holds what an object's put said about it,
`.incoming/` files that are not complete yet, a
folder for each process. Objects are read-only files that are replaced and
never written into, so that several names (`copy`, the lake) can share one content.
"""

import errno
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tasks.adapters.embedded.durable import make_folder, sync_file, sync_folder, write_aside
from tasks.adapters.embedded.keys import BadKeyError, check_key, check_prefix
from tasks.adapters.embedded.links import link_or_copy
from tasks.adapters.embedded.locks import locked
from tasks.adapters.embedded.scratch import OwnFolder
from tasks.moments import utc_from_nanoseconds
from tasks.ports.objects import NoSuchObject, ObjectInfo

_READ_ONLY = 0o444
_GONE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class DirectoryObjects:
    """Objects under `root`; scratch folders under `scratch_root`, best on the same file system.

    A name is an object or a folder, not both: while `a` is an object, `a/b` is refused with
    `BadKeyError`, and the other way round.
    """

    def __init__(self, root: Path, scratch_root: Path) -> None:
        self.root, self._scratch_root = root, scratch_root
        self._metadata = root / ".metadata"
        for folder in (self._metadata, root / ".incoming", scratch_root):
            make_folder(folder)
        own = OwnFolder(root / ".incoming")
        self._incoming = own.path
        weakref.finalize(self, own.remove)

    def open(self, key: str) -> BinaryIO:
        try:
            return self.path(key).open("rb")
        except _GONE:
            raise NoSuchObject(key) from None

    def describe(self, key: str) -> ObjectInfo:
        with self._lock(shared=True):
            return self._describe(key, self.path(key))

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        path = self.path(key)
        if not path.is_file():
            raise NoSuchObject(key)
        yield path

    def put(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> None:
        self._place(key, write_aside(self._incoming, body), metadata or {})

    def put_file(self, key: str, path: Path, *, metadata: Mapping[str, str] | None = None) -> None:
        new = self._fresh()
        try:
            _move(path, new)
        except BaseException:
            new.unlink()
            raise
        sync_file(new)
        self._place(key, new, metadata or {})

    def copy(self, source: str, target: str) -> None:
        new = self._fresh()
        with self._lock(shared=True):
            info = self._describe(source, self.path(source))
            new.unlink()
            link_or_copy(self.path(source), new)
        self._place(target, new, info.metadata)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        for key, path in self._walk(self.root / prefix, prefix):
            with suppress(NoSuchObject):  # deleted since the folder was read
                yield self._describe(key, path)

    def delete(self, prefix: str) -> int:
        if prefix and not prefix.endswith("/"):
            return int(self._remove(prefix))
        check_prefix(prefix)
        keys = [key for key, _ in self._walk(self.root / prefix, prefix)]
        return sum(self._remove(key) for key in keys)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        own = OwnFolder(self._scratch_root)
        try:
            yield own.path
        finally:
            own.remove()

    def path(self, key: str) -> Path:
        """Where the object `key` lies or would lie; to be read only. Raises `BadKeyError`."""
        check_key(key)
        return self.root / key

    def _describe(self, key: str, path: Path) -> ObjectInfo:
        try:
            found = path.stat()
        except _GONE:
            raise NoSuchObject(key) from None
        if path.is_dir():
            raise NoSuchObject(key)
        try:
            metadata = json.loads((self._metadata / key).read_bytes())
        except _GONE:
            metadata = {}
        moment = utc_from_nanoseconds(found.st_mtime_ns)
        return ObjectInfo(key, found.st_size, moment, metadata)

    def _place(self, key: str, new: Path, metadata: Mapping[str, str]) -> None:
        """Give the complete file `new` the name `key`, all or nothing."""
        about = json.dumps(dict(metadata), ensure_ascii=False, sort_keys=True).encode()
        beside, noted = self._metadata / key, None
        try:
            target = self.path(key)
            new.chmod(_READ_ONLY)
            noted = write_aside(self._incoming, about) if metadata else None
            with self._lock():
                # Until the object itself is in place it has no metadata rather than wrong ones,
                # should the power fail between the steps.
                with suppress(*_GONE):
                    beside.unlink()
                _rename(new, target, key)
                if noted:
                    _rename(noted, beside, key)
            sync_folder(target.parent)
            if noted:
                sync_folder(beside.parent)
        finally:
            # A rename onto another name of the same content leaves both names.
            new.unlink(missing_ok=True)
            if noted:
                noted.unlink(missing_ok=True)

    def _remove(self, key: str) -> bool:
        path = self.path(key)
        with self._lock():
            try:
                path.unlink()
            except (*_GONE, PermissionError):
                if path.is_dir() or not path.exists():
                    return False
                raise
            with suppress(*_GONE):
                (self._metadata / key).unlink()
            _prune(path.parent, self.root)
            _prune((self._metadata / key).parent, self._metadata)
        return True

    def _walk(self, folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
        try:
            entries = list(os.scandir(folder))
        except _GONE:
            return
        names = sorted(e.name + "/" if e.is_dir(follow_symlinks=False) else e.name for e in entries)
        for name in names:
            if not prefix and name.startswith("."):
                continue
            if name.endswith("/"):
                yield from self._walk(folder / name, prefix + name)
            else:
                yield prefix + name, folder / name

    def _fresh(self) -> Path:
        handle, name = tempfile.mkstemp(dir=self._incoming, prefix="new-")
        os.close(handle)
        return Path(name)

    def _lock(self, *, shared: bool = False) -> AbstractContextManager[None]:
        return locked(self.root / ".lock", shared=shared)


def _move(path: Path, new: Path) -> None:
    if not path.is_symlink():  # moving the link would make an object of what others may change
        try:
            path.replace(new)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EACCES):
                raise
        else:
            return
    shutil.copyfile(path, new)


def _rename(new: Path, target: Path, key: str) -> None:
    try:
        make_folder(target.parent)
        new.replace(target)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise BadKeyError(key, "a part of it is an object and a folder at once") from None


def _prune(folder: Path, top: Path) -> None:
    """Remove `folder` and its parents below `top` as far as they are empty."""
    while folder != top:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            return
        folder = folder.parent
