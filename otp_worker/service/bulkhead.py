"""Bulkheads: one kind of work holds only its part of a process's threads, however long it takes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Bulkhead:
    """Lets ``most`` runs in at once, and none within ``pause_seconds`` of the start of the one before."""

    def __init__(self, most: int = 1, pause_seconds: float = 0.0) -> None:
        self._room = threading.BoundedSemaphore(most)
        self._pause_seconds = pause_seconds
        self._entered_at = float("-inf")

    @contextmanager
    def enter(self) -> Iterator[bool]:
        """Whether the caller may run; who may not does nothing, and does not wait."""
        if not self._room.acquire(blocking=False):
            yield False
            return
        try:
            rested = time.monotonic() - self._entered_at >= self._pause_seconds
            if rested:
                self._entered_at = time.monotonic()
            yield rested
        finally:
            self._room.release()
