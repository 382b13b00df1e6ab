"""Who runs an execution: a process that holds a lock for its whole life.

A lock that is free means that its owner is dead, at once and whatever the clocks say.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path


class Owner:
    """This process as an owner of executions, until it is closed or dies."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.id = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._folder = folder
        self._path = _lock_path(folder, self.id)
        self._lock = self._path.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Give up; what this owner still runs may be taken over."""
        self._path.unlink(missing_ok=True)
        self._lock.close()

    def is_dead(self, other: str) -> bool:
        """Whether another owner's process is gone."""
        if other == self.id:
            return False
        try:
            lock = _lock_path(self._folder, other).open()
        except FileNotFoundError:
            return True  # the lock is made before the first execution, and removed at the end
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    def bury(self, other: str) -> None:
        """Remove what a dead owner left, once nothing names it any more."""
        _lock_path(self._folder, other).unlink(missing_ok=True)


def _lock_path(folder: Path, owner: str) -> Path:
    return folder / f"{owner}.lock"
