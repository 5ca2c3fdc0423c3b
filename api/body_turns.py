"""Turns at waiting for bodies: no caller can make more than a part of the threads wait for its own.

The server has no time-out for bodies, and each body that is on its way holds a thread of the process.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from otp_worker.domain.errors import SlowBodiesError
from otp_worker.service.http_server import WEB

TURNS = WEB.threads // 2
"""Half of the threads of a web process."""
PATIENCE_SECONDS = 0.5
"""A body whose bytes are there takes its turn in milliseconds, even on a busy machine."""


class BodyTurns:
    """At most ``turns`` bodies of one caller are waited for at a time, in this process."""

    def __init__(self, turns: int = TURNS, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._turns = turns
        self._patience_seconds = patience_seconds
        self._changed = Condition()
        self._taken: Counter[str] = Counter()
        self._stalled: set[str] = set()

    @contextmanager
    def turn(self, caller: str) -> Iterator[None]:
        """One turn of a caller's. Raises SlowBodiesError if none is free soon."""
        with self._changed:
            self._take(caller)
        try:
            yield
        finally:
            with self._changed:
                self._give_back(caller)

    def _take(self, caller: str) -> None:
        # Who was waited for in vain is not waited for again before its bodies get on.
        patience = 0.0 if caller in self._stalled else self._patience_seconds
        if not self._changed.wait_for(lambda: self._taken[caller] < self._turns, patience):
            self._stalled.add(caller)
            raise SlowBodiesError
        self._taken[caller] += 1

    def _give_back(self, caller: str) -> None:
        self._taken[caller] -= 1
        if self._taken[caller] <= self._turns // 2:
            self._stalled.discard(caller)
        if not self._taken[caller]:
            del self._taken[caller]
        self._changed.notify_all()
