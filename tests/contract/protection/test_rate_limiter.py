"""Limits on sends and checks, counted in Redis and in the database, over SQLite and over Postgres."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import func, select

from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.domain.app import App
from otp_worker.domain.errors import RateLimitExceededError, RequestInFlightError, TooSoonError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limit, Limits, Rate, parse_rates
from otp_worker.domain.policy import Policy
from otp_worker.issue.idempotency import Idempotency
from otp_worker.issue.request import SendRequest
from otp_worker.protection.rate_limiter import REST_SECONDS
from otp_worker.store.database import Database
from otp_worker.store.schema import number_guards, verifications
from tests.contract.service import NUMBER, SHOP, Service, wrong

Rates = Mapping[Limit, tuple[Rate, ...]]
Making = Callable[[Rates], Service]

BANK = App("bank")
NUMBERS = [f"+4474001234{last:02}" for last in range(10)]
ELSEWHERE = "+447400999999"
PARALLEL = 100


def rates(**limits: str) -> Rates:
    return {Limit(name): parse_rates(text) for name, text in limits.items()}


@pytest.fixture
def redis(redis_server: EmbeddedBroker) -> Iterator[Redis]:
    """Redis, with nothing in it."""
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def away() -> Iterator[Redis]:
    """Redis at a port where nothing listens."""
    (port,) = free_ports(None)
    with Redis(LOOPBACK, port, retry=Retry(NoBackoff(), 0)) as client:
        yield client


@pytest.fixture(params=["redis", "database"])
def making(request: pytest.FixtureRequest, db: Database) -> Making:
    """Makes a service with some limits, which counts in Redis or, where there is none, in the database."""
    counting = request.getfixturevalue("redis") if request.param == "redis" else None
    policy = Policy(countries=frozenset({"GB", "US", "DE"}), bcrypt_rounds=4)
    return lambda limits: Service(db, policy, limits, counting)


def send(service: Service, to: str = NUMBER, app: App = SHOP, ip: str | None = None) -> None:
    service.issuer.issue(SendRequest(to, ip=ip, new=True), app, service.clock())


def refused(service: Service, *given: object, **named: object) -> RateLimitExceededError:
    with pytest.raises(RateLimitExceededError) as caught:
        send(service, *given, **named)  # type: ignore[arg-type]
    return caught.value


def rows(service: Service) -> int:
    with service.db.read() as connection:
        return connection.execute(select(func.count()).select_from(verifications)).scalar_one()


def accepted_at_once(service: Service, numbers: list[str]) -> int:
    """How many of these sends, all at once, are accepted; each of the others is refused by a limit."""

    def accepted(number: str) -> bool:
        try:
            send(service, number)
        except RateLimitExceededError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(accepted, numbers))


def test_the_default_for_a_number_is_one_in_30_s_five_in_10_min_ten_in_an_hour(making: Making) -> None:
    service = making(rates(number="1/30s,5/10m,10/h"))
    start = service.clock()
    expected = [0, 30, 60, 90, 120, 600, 630, 660, 690, 720, 3600]
    accepted = []
    # Every ten seconds, and in the last one before each that is to be accepted.
    for seconds in sorted({*range(0, 3601, 10), *(max(each - 1, 0) for each in expected)}):
        service.clock.now = start + timedelta(seconds=seconds)
        with suppress(RateLimitExceededError):
            send(service)
            accepted.append(seconds)
    assert accepted == expected


@pytest.mark.parametrize(
    ("limit", "others"),
    [
        (Limit.NUMBER, [{"to": NUMBERS[1]}]),
        (Limit.BLOCK, [{"to": ELSEWHERE}]),
        (Limit.COUNTRY, [{"to": "+4915112345678"}]),
        (Limit.KEY, [{"app": BANK}]),
        (Limit.IP, [{"ip": "203.0.113.8"}, {"ip": None}]),
        (Limit.TOTAL, []),
    ],
)
def test_a_limit_is_reached_by_those_it_counts_and_by_nobody_else(
    making: Making, limit: Limit, others: list[dict[str, object]]
) -> None:
    service = making(rates(**{limit.value: "2/10m"}))
    send(service, ip="203.0.113.7")
    service.clock.move(100)
    send(service, ip="203.0.113.7")
    service.clock.move(1)
    error = refused(service, ip="203.0.113.7")
    assert error.limit is limit
    assert (error.retry_at - service.clock()).total_seconds() == 499
    for other in others:
        send(service, **other)  # type: ignore[arg-type]
    service.clock.move(499)
    send(service, ip="203.0.113.7")


@pytest.mark.parametrize(
    ("first", "second", "other"),
    [
        ("2606:4700::1", "2606:4700:0:0:ffff:ffff:ffff:ffff", "2606:4700:0:1::1"),
        ("203.0.113.7", "::ffff:203.0.113.7", "::ffff:203.0.113.8"),
        ("203.0.113.7", "2002:cb00:7107:5::9", "2002:cb00:7108::1"),
    ],
)
def test_all_addresses_of_one_end_user_count_together(
    making: Making, first: str, second: str, other: str
) -> None:
    service = making(rates(ip="1/10m"))
    send(service, ip=first)
    assert refused(service, ip=second).limit is Limit.IP
    send(service, ip=other)


def test_what_is_left_is_told_for_every_window(making: Making) -> None:
    service = making(rates(number="1/30s,5/10m", total="100/h"))
    send(service, ELSEWHERE)
    accepted = service.issuer.issue(SendRequest(NUMBER), SHOP, service.clock())
    left = {(each.limit, each.seconds): each.left for each in accepted.left}
    assert left == {(Limit.NUMBER, 30): 0, (Limit.NUMBER, 600): 4, (Limit.TOTAL, 3600): 98}


def test_a_refused_send_leaves_no_row_and_uses_up_no_other_limit(making: Making) -> None:
    service = making(rates(number="1/h", block="3/h", total="3/h"))
    send(service)
    for _ in range(5):
        assert refused(service).limit is Limit.NUMBER
    assert rows(service) == len(service.queue) == 1
    send(service, NUMBERS[1])
    send(service, NUMBERS[2])
    assert refused(service, NUMBERS[3]).limit in (Limit.BLOCK, Limit.TOTAL)


def test_of_two_limits_that_are_reached_the_later_one_says_when(making: Making) -> None:
    service = making(rates(total="1/10s,2/h"))
    send(service, NUMBERS[0])
    service.clock.move(10)
    send(service, NUMBERS[1])
    assert (refused(service, NUMBERS[2]).retry_at - service.clock()).total_seconds() == 3590


def test_a_hundred_sends_at_once_to_one_number_are_as_many_as_its_limit_allows(making: Making) -> None:
    service = making(rates(number="5/10m", total="1000/h"))
    assert accepted_at_once(service, [NUMBER] * PARALLEL) == 5
    assert rows(service) == len(service.queue) == 5


def test_a_hundred_sends_at_once_to_many_numbers_are_as_many_as_the_total_allows(making: Making) -> None:
    service = making(rates(number="1/30s", block="1000/h", total="7/h"))
    assert accepted_at_once(service, NUMBERS * (PARALLEL // len(NUMBERS))) == 7
    assert rows(service) == 7


def test_a_resend_counts_and_one_that_is_refused_may_be_asked_for_again(making: Making) -> None:
    service = making(rates(number="2/10m", total="3/10m"))
    verification, _ = service.sent()
    service.clock.move(31)
    service.resend(verification)
    service.deliver(verification, 2)
    service.clock.move(31)
    before = service.read(verification)
    with pytest.raises(RateLimitExceededError):
        service.resend(verification)
    assert service.read(verification) == before
    send(service, ELSEWHERE)
    assert refused(service, "+447400888888").limit is Limit.TOTAL


def test_a_resend_that_is_too_soon_counts_for_nothing(making: Making) -> None:
    service = making(rates(total="2/10m"))
    verification, _ = service.sent()
    for _ in range(3):
        with pytest.raises(TooSoonError):
            service.resend(verification)
    send(service, ELSEWHERE)


def test_test_keys_and_live_keys_do_not_use_up_each_others_limits(making: Making) -> None:
    service = making(rates(number="1/h", total="2/h", key="3/h"))
    rehearsing = App("test:shop", test=True)
    for _ in range(3):
        send(service, app=rehearsing)
    assert refused(service, app=rehearsing).limit is Limit.KEY
    send(service)
    assert refused(service).limit is Limit.NUMBER


def test_a_keys_own_limit_holds_for_it_and_counts_what_every_key_of_its_name_sends(making: Making) -> None:
    service = making(rates(key="4/h"))
    small, large = App("shop", rates=rates(key="2/h")), App("shop", rates=rates(key="6/h"))
    send(service, app=SHOP)
    send(service, app=small)
    assert refused(service, app=small).limit is Limit.KEY
    send(service, app=SHOP)
    send(service, app=SHOP)
    assert refused(service, app=SHOP).limit is Limit.KEY
    send(service, app=large)
    send(service, app=large)
    assert refused(service, app=large).limit is Limit.KEY
    send(service, app=App("bank", rates=rates(key="1/h")))


def test_a_key_without_a_limit_is_never_refused_and_counts_for_the_others(making: Making) -> None:
    service = making(rates(key="2/h", total="100/h"))
    unlimited = App("shop", rates=rates(key=""))
    for _ in range(3):
        send(service, app=unlimited)
    assert refused(service, app=SHOP).limit is Limit.KEY
    send(service, app=unlimited)


def test_a_key_with_a_short_window_does_not_shorten_what_another_one_counts(making: Making) -> None:
    service = making(rates(key="50/10m"))
    patient, brisk = App("shop", rates=rates(key="3/2h")), App("shop", rates=rates(key="9/m"))
    send(service, app=patient)
    for app in (brisk, SHOP):
        service.clock.move(1800)
        send(service, app=app)
    service.clock.move(1800)
    assert (refused(service, app=patient).retry_at - service.clock()).total_seconds() == 1800


def test_a_new_root_secret_does_not_reset_a_numbers_limit(making: Making) -> None:
    service = making(rates(number="1/h"))
    send(service)
    rotated = Keyring(["a new root secret, long enough", "a root secret of the tests, long enough"])
    service.issuer = service.issuer_with(rotated, Limits(rotated, service.limits.rates))
    assert refused(service).limit is Limit.NUMBER


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


def test_a_request_that_comes_twice_at_once_is_not_refused_for_itself(making: Making) -> None:
    service = making(rates(number="1/30s", total="100/h"))
    once = Idempotency(service.db, service.keyring, service.clock).once("shop", "order-1", "a send")
    service.issuer.issue(SendRequest(NUMBER, new=True), SHOP, service.clock(), once)
    with pytest.raises(RequestInFlightError):
        service.issuer.issue(SendRequest(NUMBER, new=True), SHOP, service.clock(), once)
    assert rows(service) == 1


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


def test_nothing_in_redis_tells_a_number_or_an_address(db: Database, redis: Redis) -> None:
    everything = {limit: parse_rates("100/h") for limit in Limit}
    service = Service(db, limits=everything, redis=redis)
    service.issuer.issue(SendRequest(NUMBER, ip="203.0.113.7"), SHOP, service.clock())
    with pytest.raises(Exception, match="no such verification"):
        service.verifier.check("ver_unknown", "123456", "shop", "203.0.113.7")
    stored = [key.decode() for key in redis.scan_iter()]
    assert len(stored) == len(Limit)
    for key in stored:
        told = key + str(redis.zrange(key, 0, -1))
        assert not [secret for secret in (NUMBER[1:-4], "203.0.113.7") if secret in told]
        assert 0 < redis.pttl(key) <= 3_600_000
