"""Limits on sends, counted in Redis and in the database, over SQLite and over Postgres."""

from contextlib import suppress
from datetime import timedelta

import pytest
from redis import Redis

from otp_worker.domain.app import App
from otp_worker.domain.app_settings import AppSettings
from otp_worker.domain.errors import RateLimitExceededError, RequestInFlightError, TooSoonError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import OF_THE_OPERATOR, Limit, Limits, parse_rates
from otp_worker.issue.idempotency import Idempotency
from otp_worker.issue.request import SendRequest
from otp_worker.store.database import Database
from tests.contract.protection.limited import (
    BANK,
    ELSEWHERE,
    NUMBERS,
    PARALLEL,
    Making,
    accepted_at_once,
    rates,
    refused,
    rows,
    send,
)
from tests.contract.service import NUMBER, SHOP, Service


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


def test_a_resend_counts_in_a_window_that_its_verification_is_too_old_for(making: Making) -> None:
    service = making(rates(number="1/30s"))
    verification, _ = service.sent()
    service.clock.move(100)
    service.resend(verification)
    service.clock.move(29)
    assert refused(service).limit is Limit.NUMBER
    service.clock.move(1)
    send(service)


def test_a_resend_that_is_too_soon_counts_for_nothing(making: Making) -> None:
    service = making(rates(total="2/10m"))
    verification, _ = service.sent()
    for _ in range(3):
        with pytest.raises(TooSoonError):
            service.resend(verification)
    send(service, ELSEWHERE)


def test_a_new_root_secret_does_not_reset_a_numbers_limit(making: Making) -> None:
    service = making(rates(number="1/h"))
    send(service)
    rotated = Keyring(["a new root secret, long enough", "a root secret of the tests, long enough"])
    service.issuer = service.issuer_with(rotated, Limits(rotated, service.limits.rates))
    assert refused(service).limit is Limit.NUMBER


def test_a_request_that_comes_twice_at_once_is_not_refused_for_itself(making: Making) -> None:
    service = making(rates(number="1/30s", total="100/h"))
    once = Idempotency(service.db, service.keyring, service.clock).once("shop", "order-1", "a send")
    service.issuer.issue(SendRequest(NUMBER, new=True), SHOP, service.clock(), once)
    with pytest.raises(RequestInFlightError):
        service.issuer.issue(SendRequest(NUMBER, new=True), SHOP, service.clock(), once)
    assert rows(service) == 1


def test_nothing_in_redis_tells_a_number_or_an_address(db: Database, redis: Redis) -> None:
    everything = {limit: parse_rates("100/h") for limit in OF_THE_OPERATOR}
    service = Service(db, limits=everything, redis=redis)
    device = App("shop", settings=AppSettings(buckets={"device": "100/h"}))
    asked = SendRequest(NUMBER, ip="203.0.113.7", limits={"device": "a-device-of-alice"})
    service.issuer.issue(asked, device, service.clock())
    with pytest.raises(Exception, match="no such verification"):
        service.verifier.check("ver_unknown", "123456", "shop", "203.0.113.7")
    stored = [key.decode() for key in redis.scan_iter()]
    assert len(stored) == len(Limit)
    for key in stored:
        told = key + str(redis.zrange(key, 0, -1))
        assert not [secret for secret in (NUMBER[1:-4], "203.0.113.7", "alice") if secret in told]
        assert 0 < redis.pttl(key) <= 3_600_000
