"""Attempts to sign in, limited for each address and for all together.

They are counted in memory: the console is one process, and its restart forgets them.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from threading import Lock

from otp_worker.domain.ip_address import user_of

WINDOW_SECONDS = 300
OF_ONE_ADDRESS = 5
OF_ALL = 50


class LoginAttempts:
    """Counts an attempt before it is judged, so that parallel ones do not get past the limit."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._all: deque[float] = deque()
        self._of: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, address: str) -> float:
        """Count one attempt: 0.0 if it may be made, else in how many seconds the next one may be."""
        now = self._monotonic()
        user = _user(address)
        with self._lock:
            self._forget_until(now - WINDOW_SECONDS)
            mine = self._of[user]
            for made, limit in ((mine, OF_ONE_ADDRESS), (self._all, OF_ALL)):
                if len(made) >= limit:
                    return made[0] + WINDOW_SECONDS - now
            mine.append(now)
            self._all.append(now)
        return 0.0

    def forgive(self, address: str) -> None:
        """Somebody signed in from there: what that address tried before is forgotten."""
        with self._lock:
            self._of.pop(_user(address), None)

    def _forget_until(self, instant: float) -> None:
        for user in list(self._of):
            _drop(self._of[user], instant)
            if not self._of[user]:
                del self._of[user]
        _drop(self._all, instant)


def _user(address: str) -> str:
    try:
        return user_of(address)
    except ValueError:
        return address


def _drop(made: deque[float], instant: float) -> None:
    while made and made[0] <= instant:
        made.popleft()
