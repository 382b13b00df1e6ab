"""The lake as folders of hard links to the parts of the current releases: no byte is kept twice."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from tasks.adapters.embedded.exchange import put_in_place
from tasks.adapters.embedded.file_names import file_name
from tasks.adapters.embedded.links import link_or_copy
from tasks.adapters.embedded.locks import locked
from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.ports.ledger import Ledger, ReleaseFile
from tasks.ports.objects import NoSuchObject


class EmbeddedLake:
    """The lake in `root`, of the objects and the ledger of the same ONS_HOME.

    A source's folder is replaced as one, and the old folder kept in `aside` (a folder of this
    alone, on the same file system, outside of `root`) for `keep_s` seconds, so that who is just
    listing it sees all of it. A reader that opens files by names listed before may get the new
    ones, or miss one.
    """

    def __init__(
        self,
        root: Path,
        objects: DirectoryObjects,
        ledger: Ledger,
        aside: Path,
        *,
        keep_s: float = 60,
    ) -> None:
        self._current, self._aside = root / "current", aside
        self._lock, self._keep_s = root / ".lock", keep_s
        self._objects, self._ledger = objects, ledger
        for folder in (self._current, self._aside):
            folder.mkdir(parents=True, exist_ok=True)

    def refresh(self, dataset: str, source: str) -> None:
        with locked(self._lock):
            self._sweep()
            wanted = [r for r in self._ledger.current(dataset) if r.new.source == source]
            self._show(self._folder(dataset, source), wanted[0].new.parts if wanted else ())

    def drift(self) -> Sequence[str]:
        with locked(self._lock):
            return [
                f"lake/current/{folder.relative_to(self._current)} "
                + ("is not what the ledger says" if parts else "is not current any more")
                for folder, parts in self._differing()
            ]

    def repair(self) -> int:
        with locked(self._lock):
            self._sweep()
            differing = self._differing()
            for folder, parts in differing:
                self._show(folder, parts)
            return len(differing)

    def _differing(self) -> list[tuple[Path, tuple[ReleaseFile, ...]]]:
        wanted = {
            self._folder(r.new.dataset, r.new.source): r.new.parts for r in self._ledger.current()
        }
        there = chain.from_iterable(d.iterdir() for d in self._current.iterdir() if d.is_dir())
        folders = sorted({*wanted, *there})
        pairs = ((folder, wanted.get(folder, ())) for folder in folders)
        return [(folder, parts) for folder, parts in pairs if not self._shows(folder, parts)]

    def _show(self, folder: Path, parts: Sequence[ReleaseFile]) -> None:
        if self._shows(folder, parts):
            return
        aside = Path(tempfile.mkdtemp(dir=self._aside))
        try:
            if parts:
                folder.parent.mkdir(exist_ok=True)
                put_in_place(self._build(aside / "new", parts), folder)
            else:
                folder.replace(aside / "old")
        except BaseException:
            shutil.rmtree(aside)
            raise
        with suppress(OSError):  # unless it keeps what was there before
            aside.rmdir()
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()

    def _build(self, new: Path, parts: Sequence[ReleaseFile]) -> Path:
        new.mkdir()
        for name, path in self._links(parts):
            if not path.is_file():
                raise NoSuchObject(str(path.relative_to(self._objects.root)))
            link_or_copy(path, new / name)
        return new

    def _sweep(self) -> None:
        for old in self._aside.iterdir():
            if time.time() - old.stat().st_ctime >= self._keep_s:
                shutil.rmtree(old)

    def _shows(self, folder: Path, parts: Sequence[ReleaseFile]) -> bool:
        if not folder.is_dir():
            return not parts and not folder.exists()
        links = dict(self._links(parts))
        if not parts or {path.name for path in folder.iterdir()} != set(links):
            return False
        return all(_same(folder / name, path) for name, path in links.items())

    def _links(self, parts: Sequence[ReleaseFile]) -> list[tuple[str, Path]]:
        return [
            (f"part-{number:04}.parquet", self._objects.path(part.key))
            for number, part in enumerate(parts)
        ]

    def _folder(self, dataset: str, source: str) -> Path:
        return self._current / file_name(dataset) / file_name(source)


def _same(one: Path, other: Path) -> bool:
    try:
        a, b = one.stat(), other.stat()
    except FileNotFoundError:
        return False
    # A copy, where links are not possible, has the times of its original.
    return a.st_ino == b.st_ino or (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)
