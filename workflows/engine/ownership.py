"""Who runs an execution: a process that holds a lock for its whole life.

A lock that is free means that its owner is dead, at once and whatever the clocks say.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OWNERS = "[0-9]*-????????.lock"


class Owner:
    """This process as an owner of executions, until it is closed or dies."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        while True:
            self.id = f"{os.getpid()}-{secrets.token_hex(4)}"
            self._path = _lock_path(folder, self.id)
            lock = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_file(self._path, lock):  # not swept away before it was locked
                self._lock: int | None = lock
                return
            os.close(lock)

    def close(self) -> None:
        """Give up; what this owner still runs may be taken over."""
        if self._lock is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def is_dead(self, other: str) -> bool:
        """Whether another owner's process is gone."""
        if other == self.id:
            return False
        with _if_free(_lock_path(self._folder, other)) as free:
            return free

    def sweep(self) -> None:
        """Remove the locks that dead owners left. Executions that name them stay theirs until
        they are taken over: an owner without a lock is dead."""
        for path in self._folder.glob(_OWNERS):
            if path != self._path:
                with _if_free(path) as free:
                    if free:
                        path.unlink(missing_ok=True)


@contextmanager
def _if_free(path: Path) -> Iterator[bool]:
    """Hold the lock of a dead owner; yields whether the owner is dead."""
    try:
        lock = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield True  # made before the owner's first execution, and removed at its end
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(lock)


def _is_file(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _lock_path(folder: Path, owner: str) -> Path:
    return folder / f"{owner}.lock"
