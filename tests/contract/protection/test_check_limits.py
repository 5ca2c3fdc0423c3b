"""Limits on checks."""

from unittest.mock import Mock

import pytest
from redis import Redis, RedisError
from sqlalchemy import select

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, LimitKey, Rate
from otp_worker.protection.rate_limiter import CheckLimiter, RedisLimiter
from otp_worker.store.database import Database
from otp_worker.store.schema import number_guards, verifications
from tests.contract.protection.limited import rates
from tests.contract.service import NUMBER, START, Service, wrong


@pytest.mark.parametrize("counted", ["redis", "away"])
def test_checks_of_an_app_and_of_an_address_are_limited_before_anything_else(
    db: Database, request: pytest.FixtureRequest, counted: str
) -> None:
    limits = rates(checks_key="4/m", checks_ip="3/m")
    service = Service(db, limits=limits, redis=request.getfixturevalue(counted))
    verification, code = service.sent()
    for _ in range(3):
        service.verifier.check(verification.id, wrong(code), "shop", "203.0.113.7")
    with pytest.raises(RateLimitExceededError) as from_there:
        service.verifier.check(verification.id, code, "shop", "203.0.113.7")
    assert from_there.value.limit is Limit.CHECKS_IP
    service.verifier.check(verification.id, wrong(code), "shop", "203.0.113.8")
    with pytest.raises(RateLimitExceededError) as from_anywhere:
        service.verifier.check_number(NUMBER, code, "shop")
    assert from_anywhere.value.limit is Limit.CHECKS_KEY
    # What was refused used up no check of the code and no failure of the number.
    with db.read() as connection:
        assert connection.execute(select(verifications.c.checks)).scalar_one() == 4
        assert connection.execute(select(number_guards.c.failed_checks)).scalar_one() == 4
    service.clock.move(60)
    assert service.verifier.check(verification.id, code, "shop", "203.0.113.7").valid


@pytest.mark.parametrize("counted", ["redis", "away"])
def test_checks_with_a_key_are_limited_by_its_own_rates(
    db: Database, request: pytest.FixtureRequest, counted: str
) -> None:
    service = Service(db, limits=rates(checks_key="9/m"), redis=request.getfixturevalue(counted))
    verification, code = service.sent()
    service.verifier.check(verification.id, wrong(code), "shop")
    own = rates(checks_key="2/m")
    service.verifier.check(verification.id, wrong(code), "shop", rates=own)
    with pytest.raises(RateLimitExceededError, match="checks_key is reached, 2 in 60 s"):
        service.verifier.check(verification.id, code, "shop", rates=own)
    with pytest.raises(RateLimitExceededError, match="checks_key is reached, 2 in 60 s"):
        service.verifier.check_number(NUMBER, code, "shop", rates=own)
    assert service.verifier.check(verification.id, code, "shop").valid


def test_what_redis_counts_this_process_does_not_count_too(redis: Redis) -> None:
    limiter = CheckLimiter(RedisLimiter(redis))
    scope = LimitKey(Limit.CHECKS_IP, (Rate(1, 60),), "checks_ip:a")
    limiter.take("first", [scope], START)
    redis.flushall()
    limiter.take("second", [scope], START)


def test_a_check_that_nothing_limits_asks_nobody(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = RedisLimiter(redis)
    monkeypatch.setattr(redis, "evalsha", Mock(side_effect=RedisError))
    CheckLimiter(shared).take("a check", [], START)
    assert shared.counts
