"""Folders that are removed with whoever made them, however that ended.

The owner holds a lock on its folder. What a killed process left has a free lock, and is removed by
the next one that makes a folder in the same place.
"""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from tasks.adapters.embedded.locks import locked


class OwnFolder:
    """A fresh folder below `parent`, until `remove` is called or the process ends."""

    def __init__(self, parent: Path) -> None:
        # Under a lock: a folder just made, not locked yet, would look left behind.
        with locked(parent / ".lock"):
            _sweep(parent)
            self.path = Path(tempfile.mkdtemp(dir=parent, prefix="scratch-"))
            self._handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._handle, fcntl.LOCK_EX)
        self._process = os.getpid()

    def remove(self) -> None:
        """Remove the folder; not on the other side of a fork, where it is the parent's."""
        if os.getpid() == self._process:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._handle)


def _sweep(parent: Path) -> None:
    for left in parent.glob("scratch-*"):
        try:
            handle = os.open(left, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # its owner removes it, and needs no lock for that
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            pass  # its owner is alive
        finally:
            os.close(handle)
