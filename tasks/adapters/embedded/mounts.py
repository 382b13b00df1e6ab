"""Is a path on a network file system?"""

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

# Locks or the shared memory of SQLite's WAL do not work, or not always, between their clients.
_NETWORK = frozenset(
    [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.ceph",
        "fuse.cephfs",
        "fuse.curlftpfs",
        "fuse.davfs2",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.goofys",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "smb3",
        "smbfs",
    ]
)


def network_file_system(path: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of the network file system that `path` is on or would be created on; None for a
    local one, and where there is no table of mounts to ask."""
    try:
        table = mounts.read_text(errors="surrogateescape")
    except FileNotFoundError:
        return None
    kind = file_system_of(path.resolve(), table)
    return kind if kind in _NETWORK else None


def file_system_of(path: Path, table: str) -> str | None:
    """The kind of file system that holds `path`, by a table in the form of mountinfo."""
    best, kind = -1, None
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if len(fields) < 5 or not kinds[0]:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[4]))
        # Of two mounts on one point the later hides the earlier.
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), kinds[0]
    return kind
