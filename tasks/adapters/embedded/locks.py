"""Locks between processes (and threads) as advisory locks on files.

A lock dies with the process that holds it, at once and whatever the clocks say; that is why the
platform asks locks, and never times, who is alive.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock on `path`, which is created when missing; waits for it.

    Not reentrant: a second `locked` on the same path in the same thread waits for ever.
    """
    file = _open(path)
    try:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


@contextmanager
def try_locked(path: Path) -> Iterator[bool]:
    """Hold the lock on `path` if nobody else does; yields whether it is held."""
    file = _open(path)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


def _open(path: Path) -> int:
    # Lock files are never removed: a process could hold the lock of a file that is gone.
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
