"""Refusals that only time ends, remembered in this process: a flood of them asks Redis once in a few seconds.

Remembered is that a limit on who asks, or from where, is reached until an instant. No success ends that
sooner, and neither does an operator who sets other rates: what is remembered holds for the old ones alone.
A use that another process gives back can; so nothing is remembered for long.
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from threading import Lock

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, LimitKey, Rate

MOST = 10_000
LONGEST_SECONDS = 5.0

_OF_CALLERS = frozenset({Limit.KEY, Limit.IP, Limit.CHECKS_KEY, Limit.CHECKS_IP})

# Keys of one name may have rates of their own.
_Reached = tuple[str, tuple[Rate, ...]]


class Refusals:
    """The limits of callers that are reached, as this process learnt it."""

    def __init__(self) -> None:
        self._reached: OrderedDict[_Reached, tuple[float, RateLimitExceededError]] = OrderedDict()
        self._lock = Lock()

    def remember(self, scopes: Sequence[LimitKey], refusal: RateLimitExceededError, now: datetime) -> None:
        """Remember why a use of these scopes was refused just now, if its caller's limit is the reason."""
        # The one that is raised keeps its request alive: the number, the seed, whatever was at hand.
        known = _copy(refusal)
        seconds = min((refusal.retry_at - now).total_seconds(), LONGEST_SECONDS)
        for scope in scopes:
            if scope.limit == refusal.limit and scope.limit in _OF_CALLERS:
                with self._lock:
                    self._reached[scope.key, scope.rates] = time.monotonic() + seconds, known
                    self._reached.move_to_end((scope.key, scope.rates))
                    while len(self._reached) > MOST:
                        self._reached.popitem(last=False)

    def find(self, scopes: Sequence[LimitKey], now: datetime) -> RateLimitExceededError | None:
        """Why a use of these scopes is refused, if that is remembered."""
        for scope in scopes:
            until, known = self._reached.get((scope.key, scope.rates), _NONE)
            if known is not None and now < known.retry_at and time.monotonic() < until:
                # Its own for each request: an error that is raised twice remembers both places.
                return _copy(known)
        return None

    def forget(self, scopes: Sequence[LimitKey]) -> None:
        """Take it that one more use of these scopes may be allowed."""
        with self._lock:
            for scope in scopes:
                self._reached.pop((scope.key, scope.rates), None)


def _copy(refusal: RateLimitExceededError) -> RateLimitExceededError:
    return RateLimitExceededError(refusal.limit, refusal.count, refusal.seconds, refusal.retry_at)


_NONE: tuple[float, RateLimitExceededError | None] = (0.0, None)
