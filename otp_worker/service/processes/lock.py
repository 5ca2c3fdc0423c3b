"""A lock on a file, gone with the process that holds it however that ends. Stdlib only: set-up uses it."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from otp_worker.service.processes.errors import BusyError


@contextmanager
def locked(path: Path, *, on_wait: Callable[[], None] | None = None) -> Iterator[int]:
    """Hold the lock on ``path`` and yield its file descriptor; the file is made, and stays.

    The lock lasts until every process that inherited the descriptor has closed it.
    Somebody else's lock raises BusyError; with ``on_wait``, that is called once and the lock awaited.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, on_wait)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, on_wait: Callable[[], None] | None) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if on_wait is None:
            raise BusyError(os.pread(descriptor, 100, 0).decode() or "another process") from None
        on_wait()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
