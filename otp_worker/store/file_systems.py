"""Which file systems are other machines' too: SQLite's write-ahead log needs the memory of one machine.

https://www.sqlite.org/wal.html: "WAL does not work over a network filesystem".
"""

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_SHARED = re.compile(
    r"nfs\d?|cifs|smb\w*|afs|ncpfs|ceph|lustre|gfs2?|ocfs2|beegfs|gpfs|orangefs|glusterfs"
    r"|fuse\.(sshfs|glusterfs|ceph\S*|s3fs|rclone|gcsfuse|juicefs|mfs|blobfuse2?|davfs)"
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def is_shared(kind: str) -> bool:
    """Whether a file system of that kind lies on a network."""
    return _SHARED.fullmatch(kind) is not None


def file_system_of(folder: Path, mounts: Path = _MOUNTS) -> str:
    """The kind of the file system that a folder is on; empty where this machine does not tell."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    whole = folder.resolve()
    deepest, found = 0, ""
    for line in lines:
        told, _, kind = line.partition(" - ")
        # A space and the like in a name are written as octal numbers.
        point = _ESCAPED.sub(lambda each: chr(int(each[1], 8)), told.split()[4])
        if whole.is_relative_to(point):
            # Of two on one point, the later hides the earlier.
            deepest, found = max(deepest, len(point)), kind.split()[0] if len(point) >= deepest else found
    return found
