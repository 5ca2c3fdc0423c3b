"""Counting uses against limits: for all processes in Redis, or for this process alone."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import structlog
from redis import Redis, RedisError

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import LimitKey, Remaining
from otp_worker.protection.limit_script import PREFIX, Hit, Judged, judge
from otp_worker.protection.refusals import Refusals

log = structlog.get_logger()

REST_SECONDS = 1.0
"""After Redis did not answer, nobody waits for it for this long."""
REMEMBERED_SCOPES = 10_000


class RedisLimiter:
    """Counts in Redis, all scopes of a use in one step or none; without Redis it counts nothing.

    After Redis did not answer it is left alone for a second, and then one thread tries whether it is back.
    """

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis
        self._fails = False
        self._rests_until = float("-inf")
        self._refusals = Refusals()

    @property
    def counts(self) -> bool:
        """Whether Redis answered when it was last asked."""
        return self._redis is not None and time.monotonic() >= self._rests_until

    def refuse_remembered(self, scopes: Sequence[LimitKey], now: datetime) -> None:
        """Raise RateLimitExceededError if one of these was reached a moment ago, and only time ends that."""
        refusal = self._refusals.find(scopes, now)
        if refusal is not None:
            raise refusal

    def take(self, use: str, scopes: Sequence[LimitKey], now: datetime) -> list[Remaining] | None:
        """Count one use; what is left, or None if Redis is away and nothing was counted.

        Raises RateLimitExceededError.
        """
        self.refuse_remembered(scopes, now)
        taken = self.take_all([Hit(use, scopes, now)])[0]
        if isinstance(taken, RateLimitExceededError):
            raise taken
        return taken

    def take_all(self, uses: Sequence[Hit]) -> Sequence[Judged | None]:
        """As ``take`` for one use after another, in one round trip; what it raises is an answer here."""
        with suppress(RedisError), self._asked() as redis:
            if redis is not None and uses:
                judged = judge(redis, uses)
                self._remember(uses, judged)
                return judged
        return [None] * len(uses)

    def release(self, uses: Sequence[Hit]) -> None:
        """Take uses back that were counted and did not happen; where Redis is away, they stay counted."""
        if not uses:
            return
        for use in uses:
            self._refusals.forget(use.scopes)
        with suppress(RedisError), self._asked() as redis:
            if redis is None:
                return
            with redis.pipeline(transaction=False) as pipeline:
                for use in uses:
                    for scope in use.scopes:
                        pipeline.zrem(PREFIX + scope.key, use.name)
                pipeline.execute()

    def _remember(self, uses: Sequence[Hit], judged: Sequence[Judged]) -> None:
        for use, answer in zip(uses, judged, strict=True):
            if isinstance(answer, RateLimitExceededError):
                self._refusals.remember(use.scopes, answer, use.now)

    @contextmanager
    def _asked(self) -> Iterator[Redis | None]:
        """Redis, unless it is away: then it rests, so that nobody else waits for it just now."""
        if self._redis is None or not self.counts:
            yield None
            return
        if self._fails:
            self._rests_until = time.monotonic() + REST_SECONDS
        try:
            yield self._redis
        except RedisError as error:
            log.warning("limits_not_in_redis", error=f"{type(error).__name__}: {error}")
            # One that has become a replica answers on and takes no writes: the next use connects anew.
            self._redis.connection_pool.disconnect(inuse_connections=False)
            self._fails = True
            self._rests_until = time.monotonic() + REST_SECONDS
            raise
        self._fails = False
        self._rests_until = float("-inf")


class LocalLimiter:
    """Counts in this process alone, for as long as Redis is away; forgets the scopes used longest ago."""

    def __init__(self) -> None:
        self._uses: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, scopes: Sequence[LimitKey], now: datetime) -> None:
        """Count one use. Raises RateLimitExceededError, and then nothing is counted."""
        with self._lock:
            for scope in scopes:
                _refuse_beyond(scope, self._uses.get(scope.key, deque()), now)
            for scope in scopes:
                self._remembered(scope).append(now)
                self._uses.move_to_end(scope.key)
            while len(self._uses) > REMEMBERED_SCOPES:
                self._uses.popitem(last=False)

    def _remembered(self, scope: LimitKey) -> deque[datetime]:
        uses = self._uses.setdefault(scope.key, deque(maxlen=0))
        most = max(rate.count for rate in (*scope.rates, *scope.default_rates))
        if most > (uses.maxlen or 0):
            # Another key of the same name may have come first, with a smaller limit of its own.
            uses = self._uses[scope.key] = deque(uses, maxlen=most)
        return uses


class CheckLimiter:
    """Counts checks before they cost a hash: in Redis, or in this process while Redis is away."""

    def __init__(self, shared: RedisLimiter) -> None:
        self._shared = shared
        self._local = LocalLimiter()

    def take(self, use: str, scopes: Sequence[LimitKey], now: datetime) -> None:
        """Count one check. Raises RateLimitExceededError."""
        if scopes and self._shared.take(use, scopes, now) is None:
            self._local.take(scopes, now)


def _refuse_beyond(scope: LimitKey, uses: deque[datetime], now: datetime) -> None:
    for rate in scope.rates:
        if len(uses) >= rate.count:
            retry_at = uses[-rate.count] + timedelta(seconds=rate.seconds)
            if retry_at > now:
                raise RateLimitExceededError(scope.limit, rate.count, rate.seconds, retry_at)
