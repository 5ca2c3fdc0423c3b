"""Counting uses against limits: for all processes in Redis, or for this process alone."""

import hashlib
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from redis import Redis, RedisError
from redis.exceptions import NoScriptError

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import LimitKey, Remaining

log = structlog.get_logger()

REST_SECONDS = 1.0
"""After Redis did not answer, nobody waits for it for this long."""
REMEMBERED_SCOPES = 10_000

_PREFIX = "{otp-limit}:"

# Each scope is a sorted set of its uses by their instant in milliseconds. Nothing is counted unless every
# scope allows it, so that a send which one limit refuses uses up none of the others. Keys of one name may
# count its uses in windows of their own: the set remembers the longest, as a member with a negative score.
_TAKE = """
local now, use, argument = tonumber(ARGV[1]), ARGV[2], 3
local left, kept, refused = {}, {}, nil
for i, key in ipairs(KEYS) do
  kept[i] = math.max(tonumber(ARGV[argument]), -(tonumber(redis.call('ZSCORE', key, 'kept')) or 0))
  argument = argument + 1
  for rate = 1, tonumber(ARGV[argument]) do
    local count, window = tonumber(ARGV[argument + 1]), tonumber(ARGV[argument + 2])
    argument = argument + 2
    local used = redis.call('ZCOUNT', key, '(' .. (now - window), '+inf')
    left[#left + 1] = count - used - 1
    if used >= count then
      local last = redis.call('ZREVRANGE', key, count - 1, count - 1, 'WITHSCORES')
      local retry = tonumber(last[2]) + window
      if not refused or retry > refused[3] then refused = {i - 1, rate - 1, retry} end
    end
  end
  argument = argument + 1
end
if refused then return {0, refused} end
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, 0, now - kept[i])
  redis.call('ZADD', key, now, use, -kept[i], 'kept')
  redis.call('PEXPIRE', key, kept[i])
end
return {1, left}
"""
# Redis names a script by its SHA-1.
_TAKE_SHA = hashlib.sha1(_TAKE.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Hit:
    """One use, by its name, of what scopes limit."""

    name: str
    scopes: Sequence[LimitKey]
    now: datetime

    @property
    def arguments(self) -> list[int | str]:
        """What the script is told of it: keys first."""
        arguments: list[int | str] = [_PREFIX + scope.key for scope in self.scopes]
        arguments += [_milliseconds(self.now), self.name]
        for scope in self.scopes:
            arguments += (scope.kept_seconds * 1000, len(scope.rates))
            for rate in scope.rates:
                arguments += (rate.count, rate.seconds * 1000)
        return arguments


class RedisLimiter:
    """Counts in Redis, all scopes of a use in one step or none; without Redis it counts nothing.

    After Redis did not answer it is left alone for a second, and then one thread tries whether it is back.
    """

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis
        self._fails = False
        self._rests_until = float("-inf")

    @property
    def counts(self) -> bool:
        """Whether Redis answered when it was last asked."""
        return self._redis is not None and time.monotonic() >= self._rests_until

    def take(self, use: str, scopes: Sequence[LimitKey], now: datetime) -> list[Remaining] | None:
        """Count one use; what is left, or None if Redis is away and nothing was counted.

        Raises RateLimitExceededError.
        """
        taken = self.take_all([Hit(use, scopes, now)])[0]
        if isinstance(taken, RateLimitExceededError):
            raise taken
        return taken

    def take_all(self, uses: Sequence[Hit]) -> list[list[Remaining] | RateLimitExceededError | None]:
        """As ``take`` for one use after another, in one round trip; what it raises is an answer here."""
        try:
            with self._asked() as redis:
                answers = [] if redis is None else _ask(redis, uses)
        except RedisError:
            answers = []
        if not answers:
            return [None] * len(uses)
        return [_taken(use, answer) for use, answer in zip(uses, answers, strict=True)]

    def release(self, uses: Sequence[Hit]) -> None:
        """Take uses back that were counted and did not happen; where Redis is away, they stay counted."""
        if not uses:
            return
        with suppress(RedisError), self._asked() as redis:
            if redis is None:
                return
            with redis.pipeline(transaction=False) as pipeline:
                for use in uses:
                    for scope in use.scopes:
                        pipeline.zrem(_PREFIX + scope.key, use.name)
                pipeline.execute()

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


def _ask(redis: Redis, uses: Sequence[Hit]) -> list[Any]:
    """What the script answers for each use."""
    answers = _run(redis, uses)
    unknown = [n for n, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
    if unknown:
        # Redis forgets its scripts when it starts anew: what it does not know it did not count.
        redis.script_load(_TAKE)
        for n, answer in zip(unknown, _run(redis, [uses[n] for n in unknown]), strict=True):
            answers[n] = answer
    failure = next((answer for answer in answers if isinstance(answer, RedisError)), None)
    if failure is not None:
        raise failure
    return answers


def _run(redis: Redis, uses: Sequence[Hit]) -> list[Any]:
    with redis.pipeline(transaction=False) as pipeline:
        for use in uses:
            pipeline.evalsha(_TAKE_SHA, len(use.scopes), *use.arguments)
        return pipeline.execute(raise_on_error=False)


def _taken(use: Hit, answer: Any) -> list[Remaining] | RateLimitExceededError:
    taken, told = answer
    if not taken:
        scope = use.scopes[told[0]]
        retry_at = datetime.fromtimestamp(told[2] / 1000, UTC)
        return RateLimitExceededError(
            scope.limit, scope.rates[told[1]].count, scope.rates[told[1]].seconds, retry_at
        )
    rates = [(scope.limit, rate.seconds) for scope in use.scopes for rate in scope.rates]
    return [Remaining(limit, seconds, left) for (limit, seconds), left in zip(rates, told, strict=True)]


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


def _milliseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)
