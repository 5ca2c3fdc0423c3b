"""Buckets of an app's own, counted in Redis with the other limits, and in the database without Redis."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from otp_worker.domain.app import App
from otp_worker.domain.app_settings import AppSettings
from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.issue.request import SendRequest
from tests.contract.protection.limited import NUMBERS, Making, rates, rows
from tests.contract.service import ROOT_SECRET, Service

SHOP = App("shop", settings=AppSettings(buckets={"device": "2/10m,3/h", "session": "1/h"}))


def send(service: Service, number: str, **limits: str) -> None:
    service.issuer.issue(SendRequest(number, limits=limits), SHOP, service.clock())


def refused(service: Service, number: str, **limits: str) -> tuple[str, int]:
    """Which bucket refuses it, and for how many seconds."""
    with pytest.raises(RateLimitExceededError) as caught:
        send(service, number, **limits)
    return caught.value.bucket, round((caught.value.retry_at - service.clock()).total_seconds())


def test_each_of_its_windows_is_counted_and_a_refusal_names_the_bucket(making: Making) -> None:
    service = making(rates(number="9/h", total="9/h"))
    send(service, NUMBERS[0], device="abc")
    service.clock.move(60)
    send(service, NUMBERS[1], device="abc")
    assert refused(service, NUMBERS[2], device="abc") == ("device", 540)
    service.clock.move(540)
    send(service, NUMBERS[2], device="abc")
    assert refused(service, NUMBERS[3], device="abc") == ("device", 3000)
    send(service, NUMBERS[3], device="another")
    send(service, NUMBERS[4])


def test_what_another_limit_refuses_counts_in_no_bucket(making: Making) -> None:
    service = making(rates(number="9/h"))
    send(service, NUMBERS[0], device="abc", session="s")
    assert refused(service, NUMBERS[1], device="abc", session="s")[0] == "session"
    send(service, NUMBERS[2], device="abc")
    assert rows(service) == 2


def test_of_many_at_once_no_more_get_through_than_a_bucket_holds(making: Making) -> None:
    service = making(rates(number="9/h"))

    def accepted(number: str) -> bool:
        try:
            send(service, number, device="abc")
        except RateLimitExceededError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(accepted, NUMBERS)) == 2


def test_a_resend_counts_in_the_buckets_of_the_first(making: Making) -> None:
    service = making(rates(number="9/h"))
    first = service.issuer.issue(
        SendRequest(NUMBERS[0], limits={"session": "s"}), SHOP, service.clock()
    ).verification
    service.deliver(first)
    service.clock.move(31)
    with pytest.raises(RateLimitExceededError, match="bucket session"):
        service.resend(first, SHOP)


def test_a_new_root_secret_forgets_no_value_that_the_database_counts(making: Making) -> None:
    service = making(rates(number="9/h"))
    send(service, NUMBERS[0], session="s")
    rotated = Service(service.db, roots=("a new root secret of the tests, long enough", ROOT_SECRET))
    rotated.clock.now = service.clock()
    assert refused(rotated, NUMBERS[1], session="s")[0] == "session"
