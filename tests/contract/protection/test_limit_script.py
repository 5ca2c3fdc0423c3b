"""A group of uses that Redis judges in one call is judged as its uses would be, one after another."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, LimitKey, Rate
from otp_worker.protection.limit_script import PREFIX, Hit, Judged, judge
from otp_worker.protection.rate_limiter import RedisLimiter

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEYS = ("number:a", "number:b", "key:shop", "total:all")

rates = st.lists(st.builds(Rate, st.integers(1, 4), st.sampled_from([1, 5, 60])), min_size=1, max_size=2)
# Keys of one name may have rates of their own, or none; the operator's have the longest window.
limit_keys = st.builds(
    lambda key, own: LimitKey(Limit(key.partition(":")[0]), tuple(own), key, (), (Rate(9, 60),)),
    st.sampled_from(KEYS),
    rates | st.just([]),
)
scopes = st.lists(limit_keys, min_size=1, max_size=4, unique_by=lambda scope: scope.key)
groups = st.lists(st.lists(scopes, min_size=1, max_size=6), min_size=1, max_size=4)


def run(
    redis: Redis, groups: Sequence[Sequence[Sequence[LimitKey]]], how: Callable[[Sequence[Hit]], list[Judged]]
) -> tuple[list[object], dict[str, object]]:
    """What groups of uses, two seconds apart, are answered, and what Redis holds in the end."""
    redis.flushall()
    answers: list[object] = []
    for n, group in enumerate(groups):
        now = START + timedelta(seconds=2 * n)
        answers += map(told, how([Hit(f"{n}.{place}", each, now) for place, each in enumerate(group)]))
    kept: dict[str, object] = {key: redis.zrange(PREFIX + key, 0, -1, withscores=True) for key in KEYS}
    return answers, kept


def told(answer: Judged) -> object:
    if isinstance(answer, RateLimitExceededError):
        return str(answer), answer.limit, answer.retry_at
    return answer


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups)
def test_a_group_is_judged_as_its_uses_one_after_another(
    redis: Redis, groups: list[list[list[LimitKey]]]
) -> None:
    together = run(redis, groups, lambda uses: judge(redis, uses))
    assert together == run(redis, groups, lambda uses: [each for use in uses for each in judge(redis, [use])])


def test_the_use_that_its_own_group_leaves_no_room_is_told_when_there_is_room_again(redis: Redis) -> None:
    scope = LimitKey(Limit.TOTAL, (Rate(2, 60),), "total:all", (), (Rate(2, 60),))
    first, second, third = judge(redis, [Hit(name, [scope], START) for name in "abc"])
    assert not isinstance(first, Exception)
    assert not isinstance(second, Exception)
    assert [first[0].left, second[0].left] == [1, 0]
    assert isinstance(third, RateLimitExceededError)
    assert third.retry_at == START + timedelta(seconds=60)


def test_a_group_of_the_most_that_are_served_at_once_is_judged_in_one_call(redis: Redis) -> None:
    scope = LimitKey(Limit.TOTAL, (Rate(1000, 60),), "total:all", (), (Rate(1000, 60),))
    before = redis.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0)
    judge(redis, [Hit("first", [scope], START)])
    answers = judge(redis, [Hit(str(n), [scope], START) for n in range(64)])
    assert redis.zcount(PREFIX + scope.key, 1, "+inf") == len(answers) + 1
    assert redis.info("commandstats")["cmdstat_evalsha"]["calls"] - before <= 2


def test_a_caller_that_is_refused_again_and_again_asks_redis_once(redis: Redis) -> None:
    limiter = RedisLimiter(redis)
    scope = LimitKey(Limit.KEY, (Rate(1, 60),), "key:shop", (), (Rate(1, 60),))
    limiter.take("first", [scope], START)
    before = redis.info("commandstats")["cmdstat_evalsha"]["calls"]
    told = set()
    for n in range(20):
        with pytest.raises(RateLimitExceededError) as refusal:
            limiter.take(str(n), [scope], START)
        told.add(str(refusal.value))
    assert len(told) == 1
    assert redis.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1


def test_what_is_given_back_can_be_taken_at_once(redis: Redis) -> None:
    limiter = RedisLimiter(redis)
    scope = LimitKey(Limit.KEY, (Rate(1, 60),), "key:shop", (), (Rate(1, 60),))
    limiter.take("first", [scope], START)
    with pytest.raises(RateLimitExceededError):
        limiter.take("second", [scope], START)
    limiter.release([Hit("first", [scope], START)])
    assert limiter.take("third", [scope], START)
