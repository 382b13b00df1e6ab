"""A second name for a file's content."""

import errno
import os
import shutil
from pathlib import Path

# The file system has no hard links, is another one, or has too many of this file already.
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS}


def link_or_copy(source: Path, target: Path) -> None:
    """Make `target`, which must not exist, the same content as `source`, with the same times:
    a hard link where the file system can, else a durable copy."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        shutil.copy2(source, target)
        with target.open("rb") as copy:
            os.fsync(copy.fileno())
