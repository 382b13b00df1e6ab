"""ONS_HOME: where everything that the embedded mode keeps lies, and whether it can be used.

VERSION          the number of this layout
ledger.sqlite    what is published          journal.sqlite   what is running
objects/         the object store           lake/current/    the projection for other readers
index/           the knowledge index        notices/         how files ended
outbox/          what machines sent         tables.sqlite    what machines put into DynamoDB
run/             locks                      tmp/             scratch, on the same file system
"""

import errno
import os
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tasks.adapters.embedded.durable import sync_folder, write_aside
from tasks.adapters.embedded.locks import locked, try_locked
from tasks.adapters.embedded.mounts import MOUNTS, network_file_system
from tasks.errors import HomeUnusable

FORMAT = 1
_PATTERN = re.compile(r"[*?\[]")
_FOLDERS = ("objects", "lake", "index", "run", "tmp", "notices")
# What may lie in a folder that is to become a home: traces of a volume, or of another process
# that makes it a home at this very moment.
_HARMLESS = ("lost+found", "new-")


@dataclass(frozen=True)
class Home:
    """The paths of one ONS_HOME whose format this code knows."""

    path: Path

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.sqlite"

    @property
    def journal(self) -> Path:
        return self.path / "journal.sqlite"

    @property
    def objects(self) -> Path:
        return self.path / "objects"

    @property
    def lake(self) -> Path:
        return self.path / "lake"

    @property
    def index(self) -> Path:
        return self.path / "index"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def tmp(self) -> Path:
        return self.path / "tmp"

    @property
    def notices(self) -> Path:
        return self.path / "notices"

    def lock_file(self, name: str) -> Path:
        """The file whose lock is called `name`."""
        return self.run / f"{name}.lock"

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the lock called `name`; waits for it."""
        return locked(self.lock_file(name))

    def try_lock(self, name: str) -> AbstractContextManager[bool]:
        """Hold the lock called `name` if nobody else does; the context says whether it is held."""
        return try_locked(self.lock_file(name))


def open_home(path: Path, *, mounts: Path = MOUNTS) -> Home:
    """The home at `path`, created (for its owner only) when there is none. Cheap when there is.

    Raises `HomeUnusable` for a folder of something else, a newer format, a network file system, a
    path with signs that tools look for in names, and where nothing can be written.
    `mounts` is the kernel's table of mounts.
    """
    path = path.expanduser().absolute()
    version = path / "VERSION"
    if signs := _PATTERN.findall(str(path)):
        raise HomeUnusable(
            f"{path} has a {signs[0]} in its path, by which files of other folders would be found; "
            "set ONS_HOME or --home to a folder without *, ? and ["
        )
    try:
        if (kind := network_file_system(path, mounts)) is not None:
            raise HomeUnusable(
                f"{path} is on a network file system ({kind}), where locks and SQLite are not "
                "safe; set ONS_HOME or --home to a folder on a local disk"
            )
        if not version.exists():
            _create(path, version)
        _check(version)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, "it cannot be written")
        for name in _FOLDERS:
            (path / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise HomeUnusable(
            f"{path} cannot be used: {error.strerror or error}; "
            "set ONS_HOME or --home to a folder that you may write"
        ) from error
    return Home(path)


def _create(path: Path, version: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    strangers = sorted(p.name for p in path.iterdir() if not p.name.startswith(_HARMLESS))
    if strangers and not version.exists():
        raise HomeUnusable(
            f"{path} holds other things ({strangers[0]}) and no VERSION file; "
            "set ONS_HOME or --home to an empty or new folder"
        )
    write_aside(path, f"{FORMAT}\n".encode()).replace(version)
    sync_folder(path)


def _check(version: Path) -> None:
    text = version.read_text(errors="replace").strip()
    if not text.isascii() or not text.isdecimal():
        raise HomeUnusable(
            f"{version} says {text[:20]!r} instead of a format number; restore it from a backup"
        )
    if int(text) > FORMAT:
        raise HomeUnusable(
            f"{version.parent} has format {text}, this program knows format {FORMAT}; "
            "use a newer version of ons-data-platform"
        )
