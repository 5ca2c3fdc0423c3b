"""Limits where Redis is away, lost its memory or fails: the database counts."""

import pytest
from redis import ConnectionError as RedisConnectionError
from redis import Redis

from otp_worker.domain.limits import Limit
from otp_worker.protection.rate_limiter import REST_SECONDS
from otp_worker.store.database import Database
from tests.contract.protection.limited import ELSEWHERE, NUMBERS, rates, refused, send
from tests.contract.service import Service


def test_without_redis_the_database_counts_what_was_accepted_with_it(
    db: Database, redis: Redis, away: Redis
) -> None:
    limits = rates(number="2/h", block="3/h", total="4/h")
    send(Service(db, limits=limits, redis=redis))
    alone = Service(db, limits=limits, redis=away)
    send(alone)
    assert refused(alone).limit is Limit.NUMBER
    send(alone, NUMBERS[1])
    assert refused(alone, NUMBERS[2]).limit is Limit.BLOCK
    send(alone, ELSEWHERE)
    assert refused(alone, "+447400888888").limit is Limit.TOTAL


def test_a_redis_that_lost_its_memory_lets_nobody_flood_a_number(db: Database, redis: Redis) -> None:
    service = Service(db, limits=rates(number="1/30s,5/10m", total="2/h"), redis=redis)
    send(service)
    redis.flushall()
    assert refused(service).limit is Limit.NUMBER
    # And what the database refused has not used up what Redis counts.
    send(service, NUMBERS[1])
    send(service, NUMBERS[2])


def test_a_redis_that_forgot_the_script_is_told_it_again(db: Database, redis: Redis) -> None:
    service = Service(db, limits=rates(total="2/h"), redis=redis)
    send(service, NUMBERS[0])
    redis.script_flush()
    send(service, NUMBERS[1])
    assert service.limiter.counts
    assert refused(service, NUMBERS[2]).limit is Limit.TOTAL


def test_a_redis_that_fails_at_the_script_counts_as_away(db: Database, redis: Redis) -> None:
    service = Service(db, limits=rates(total="2/h"), redis=redis)
    send(service, NUMBERS[0])
    redis.set("{otp-limit}:total:all", "not a set")
    send(service, NUMBERS[1])
    assert not service.limiter.counts
    assert refused(service, NUMBERS[2]).limit is Limit.TOTAL


def test_redis_is_left_alone_for_a_moment_after_it_did_not_answer(
    db: Database, away: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: seconds)
    service = Service(db, limits=rates(total="100/h"), redis=away)
    asked = []

    def refuse(*_: object) -> None:
        asked.append(away)
        raise RedisConnectionError

    monkeypatch.setattr(away.connection_pool, "get_connection", refuse)
    for _ in range(3):
        send(service)
    assert len(asked) == 1
    seconds += REST_SECONDS
    send(service)
    assert len(asked) == 2
