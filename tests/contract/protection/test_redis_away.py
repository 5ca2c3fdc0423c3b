"""A Redis that is frozen, fails or is slow costs nobody's time but that of one who asks it, once a second."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, LimitKey, Rate, Remaining, parse_rates
from otp_worker.protection.limit_script import Hit
from otp_worker.protection.rate_limiter import REST_SECONDS, RedisLimiter
from otp_worker.store import issue, resend
from otp_worker.store.database import Database
from tests.contract.service import NUMBER, START, Service

HONEST = "+447400000009"
LIMITS = {Limit.NUMBER: parse_rates("1/h"), Limit.TOTAL: parse_rates("1000/h")}
TOTAL = LimitKey(Limit.TOTAL, (Rate(100, 3600),), "total:all", ("all",))
TOTAL_KEY = "{otp-limit}:total:all"


class Clock:
    """The monotonic clock, that only the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1000.0
        monkeypatch.setattr("otp_worker.protection.rate_limiter.time.monotonic", lambda: self.seconds)


class FrozenRedis:
    """Takes every connection and never answers; counts who waited for it."""

    def __init__(self) -> None:
        self.waited = 0
        self._hole = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._taken: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()
        self.client = Redis(
            port=self._hole.getsockname()[1],
            socket_timeout=0.1,
            socket_connect_timeout=0.1,
            retry=Retry(NoBackoff(), 0),
        )
        send = self.client.connection_pool.get_connection

        def counting() -> object:
            self.waited += 1
            return send()

        self.client.connection_pool.get_connection = counting  # type: ignore[method-assign,assignment]

    def _take(self) -> None:
        while True:
            try:
                self._taken.append(self._hole.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self.client.close()
        # A thread in accept() is woken by this, and not by closing alone.
        self._hole.shutdown(socket.SHUT_RDWR)
        self._hole.close()
        for taken in self._taken:
            taken.close()


@pytest.fixture
def frozen() -> Iterator[FrozenRedis]:
    server = FrozenRedis()
    yield server
    server.close()


def test_one_hammered_number_makes_nobody_wait_for_a_frozen_redis(
    db: Database, frozen: FrozenRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    service = Service(db, limits=LIMITS, redis=frozen.client)
    service.issue(NUMBER)
    with ThreadPoolExecutor(16) as threads:
        hammered = [threads.submit(service.issue, NUMBER) for _ in range(30)]
        assert threads.submit(service.issue, HONEST).result(60).id
        assert {type(each.exception(60)) for each in hammered} == {RateLimitExceededError}
    assert frozen.waited == 1


def test_when_a_rest_is_over_one_asks_and_the_others_do_not_wait_beside_it(
    frozen: FrozenRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    limiter = RedisLimiter(frozen.client)
    assert limiter.take("a", [TOTAL], START) is None
    clock.seconds += REST_SECONDS
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda n: limiter.take(str(n), [TOTAL], START), range(20))) == {None}
    assert frozen.waited == 2
    assert not limiter.counts


def test_what_redis_did_not_count_is_not_given_back_to_it(
    frozen: FrozenRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    limiter = RedisLimiter(frozen.client)
    limiter.release([Hit(str(n), [TOTAL], START) for n in range(30)])
    assert frozen.waited == 1
    limiter.release([Hit("one more", [TOTAL], START)])
    assert frozen.waited == 1


def test_a_redis_that_answers_again_counts_for_everybody_at_once(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    limiter = RedisLimiter(redis)
    redis.set(TOTAL_KEY, "not a set")
    assert limiter.take("a", [TOTAL], START) is None
    redis.delete(TOTAL_KEY)
    assert limiter.take("b", [TOTAL], START) is None
    clock.seconds += REST_SECONDS
    assert [limiter.take(name, [TOTAL], START) is None for name in "cd"] == [False, False]


def test_what_the_database_refused_is_given_back_and_nothing_else_is(db: Database, redis: Redis) -> None:
    service = Service(db, limits=LIMITS, redis=redis)
    service.issue(HONEST)
    service.issue(NUMBER)
    # Redis lost the number, and the database did not.
    for key in redis.scan_iter("*number*"):
        redis.delete(key)
    with pytest.raises(RateLimitExceededError):
        service.issue(NUMBER)
    assert redis.zcount(TOTAL_KEY, 1, "+inf") == 2


def test_all_that_could_not_be_written_is_given_back(
    db: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(db, limits=LIMITS, redis=redis)

    def fail(*_: object) -> None:
        raise RuntimeError("once")

    with monkeypatch.context() as broken:
        broken.setattr(issue, "insert_verifications", fail)
        with pytest.raises(RuntimeError):
            service.issue(NUMBER)
    assert redis.zcount(TOTAL_KEY, 1, "+inf") == 0
    service.issue(NUMBER)


def test_of_two_resends_at_once_the_one_that_comes_second_takes_nothing_back_of_the_first(
    db: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(db, limits={Limit.TOTAL: parse_rates("100/h")}, redis=redis)
    verification, _ = service.sent()
    service.clock.move(31)
    both_have_looked = threading.Barrier(2)
    insert_resend = resend.insert_resend

    def meet(*arguments: object) -> object:
        both_have_looked.wait(60)
        return insert_resend(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(resend, "insert_resend", meet)
    with ThreadPoolExecutor(2) as threads:
        asked = [threads.submit(service.resend, verification) for _ in range(2)]
        assert {each.result(60).delivery.id for each in asked} == {f"{verification.id}.2"}
    assert redis.zcount(TOTAL_KEY, 1, "+inf") == 2


def test_a_redis_that_fails_while_it_takes_back_is_left_alone(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = RedisLimiter(redis)

    def fail(*_: object, **__: object) -> None:
        raise RedisError("gone")

    monkeypatch.setattr(redis, "pipeline", fail)
    limiter.release([Hit("a", [TOTAL], START)])
    assert not limiter.counts


def test_after_a_fault_the_next_use_connects_anew(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that became a replica answers on, and takes no writes: its name leads to another one by now."""
    Clock(monkeypatch)
    limiter = RedisLimiter(redis)
    redis.set(TOTAL_KEY, "not a set")
    connection = redis.client_id()
    assert limiter.take("a", [TOTAL], START) is None
    assert redis.client_id() != connection


def test_a_callers_refusal_is_remembered_until_a_use_is_given_back(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    limiter = RedisLimiter(redis)
    caller = LimitKey(Limit.KEY, (Rate(1, 60),), "key:shop", ("shop",))
    limiter.take("first", [caller], START)
    for _ in range(2):
        with pytest.raises(RateLimitExceededError):
            limiter.take("second", [caller], START)
        redis.flushall()
    limiter.release([Hit("first", [caller], START)])
    assert limiter.take("third", [caller], START) == [Remaining(Limit.KEY, 60, 0)]


def test_without_a_redis_nothing_is_counted_there() -> None:
    limiter = RedisLimiter(None)
    assert limiter.take("a", [TOTAL], START) is None
    assert not limiter.counts
