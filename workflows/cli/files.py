"""Which files a command line means, and checks on what was asked before anything starts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import BadRequest


@dataclass(frozen=True)
class Given:
    """One file to ingest. `shown` is its path as it was given, or as found below a given folder;
    `origin` is the path whose folders help to classify it."""

    shown: str
    path: Path

    @property
    def origin(self) -> str:
        return str(self.path)


def expand(paths: Iterable[str]) -> Sequence[Given]:
    """The files of `paths`, folders searched recursively in sorted order, each file once.

    Hidden files and folders below a given folder are skipped. Raises `BadRequest` for a path that
    does not exist or is no file, and when nothing is left.
    """
    found: dict[Path, Given] = {}
    for given in paths:
        for file in _below(given):
            found.setdefault(file.path, file)
    if not found:
        raise BadRequest(f"there is no file below {', '.join(paths)}")
    return tuple(found.values())


def _below(given: str) -> Iterator[Given]:
    path = Path(given)
    try:
        yield from _files(given, path)
    except OSError as error:
        _refuse(error)


def _files(given: str, path: Path) -> Iterator[Given]:
    if path.is_file():
        yield Given(given, _absolute(path))
    elif path.is_dir():
        for folder, folders, names in os.walk(path, onerror=_refuse):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for name in sorted(n for n in names if not n.startswith(".")):
                if (file := Path(folder, name)).is_file():
                    yield Given(str(file), _absolute(file))
    elif path.exists():
        raise BadRequest(f"{given} is neither a file nor a folder")
    else:
        raise BadRequest(f"{given} does not exist")


def _refuse(error: OSError) -> None:
    raise BadRequest(f"{error.filename} cannot be read: {error.strerror}")


def _absolute(path: Path) -> Path:
    """Absolute, with links left as they are: a link's name and folder may say the dataset."""
    return Path(os.path.normpath(Path.cwd() / path))
