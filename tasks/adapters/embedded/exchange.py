"""Replace a folder by another as nearly at once as the system can."""

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

_AT_FDCWD, _EXCHANGE = -100, 2
# Old kernels, other systems and some file systems cannot swap two names.
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


def put_in_place(
    new: Path, target: Path, *, swap: Callable[[Path, Path], bool] | None = None
) -> None:
    """Give the folder `new` the name `target`. What was there is called `new` afterwards, or is a
    folder beside `new`; the caller removes it with the folder around them.

    With Linux's renameat2 the name always leads to the old folder or the new; without it there is
    a moment with neither. `swap` stands for `exchange`.
    """
    if not target.exists():
        new.rename(target)
    elif not (swap or exchange)(new, target):
        target.rename(new.with_name(new.name + ".old"))
        new.rename(target)


def exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the system cannot."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))
