"""Refusals that are remembered: which, for how long, and of how many."""

import gc
import time
import weakref
from datetime import UTC, datetime, timedelta

import pytest

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, LimitKey, Rate
from otp_worker.protection.refusals import LONGEST_SECONDS, MOST, Refusals

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RATES = (Rate(5, 60),)
KEY = LimitKey(Limit.KEY, RATES, "key:shop")
CALLERS = (Limit.KEY, Limit.IP, Limit.CHECKS_KEY, Limit.CHECKS_IP)


class Monotonic:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.seconds)


@pytest.fixture(autouse=True)
def monotonic(monkeypatch: pytest.MonkeyPatch) -> Monotonic:
    """The monotonic clock, which only the test moves."""
    return Monotonic(monkeypatch)


def reached(limit: Limit = Limit.KEY, seconds: float = 60) -> RateLimitExceededError:
    return RateLimitExceededError(limit, 5, 60, NOW + timedelta(seconds=seconds))


def test_what_was_refused_is_refused_in_the_same_words_and_by_an_error_of_its_own() -> None:
    refusals, refusal = Refusals(), reached()
    refusals.remember([KEY], refusal, NOW)
    again = refusals.find([KEY], NOW)
    assert again is not None
    assert again is not refusal
    for name in ("sentence", "members", "retry_at", "rejection", "problem", "http_status"):
        assert getattr(again, name) == getattr(refusal, name)


@pytest.mark.parametrize("limit", Limit)
def test_only_limits_on_who_asks_and_from_where_are_remembered(limit: Limit) -> None:
    # A send that repeats a pending one is answered with that, whatever its number's limit says.
    refusals, scope = Refusals(), LimitKey(limit, RATES, f"{limit}:x")
    refusals.remember([scope], reached(limit), NOW)
    assert (refusals.find([scope], NOW) is not None) == (limit in CALLERS)


def test_of_several_limits_the_one_that_refused_is_remembered() -> None:
    refusals, ip = Refusals(), LimitKey(Limit.IP, RATES, "ip:x")
    refusals.remember([KEY, ip], reached(Limit.IP), NOW)
    assert refusals.find([KEY], NOW) is None
    assert refusals.find([KEY, ip], NOW) is not None


def test_a_refusal_ends_when_the_limit_says_so(monotonic: Monotonic) -> None:
    refusals = Refusals()
    refusals.remember([KEY], reached(seconds=2), NOW)
    assert refusals.find([KEY], NOW + timedelta(seconds=1.9))
    assert refusals.find([KEY], NOW + timedelta(seconds=2)) is None
    monotonic.seconds += 2
    assert refusals.find([KEY], NOW) is None


def test_no_refusal_is_remembered_for_long(monotonic: Monotonic) -> None:
    refusals = Refusals()
    refusals.remember([KEY], reached(seconds=3600), NOW)
    monotonic.seconds += LONGEST_SECONDS - 0.1
    assert refusals.find([KEY], NOW)
    monotonic.seconds += 0.1
    assert refusals.find([KEY], NOW) is None


def test_other_rates_of_the_same_name_are_another_limit() -> None:
    refusals = Refusals()
    refusals.remember([KEY], reached(), NOW)
    assert refusals.find([LimitKey(Limit.KEY, (Rate(6, 60),), KEY.key)], NOW) is None


def test_a_use_that_is_given_back_makes_room() -> None:
    refusals = Refusals()
    refusals.remember([KEY], reached(), NOW)
    refusals.forget([KEY])
    assert refusals.find([KEY], NOW) is None


def test_of_too_many_the_first_are_forgotten() -> None:
    refusals = Refusals()
    scopes = [LimitKey(Limit.IP, RATES, f"ip:{n}") for n in range(MOST + 1)]
    for scope in scopes:
        refusals.remember([scope], reached(Limit.IP), NOW)
    assert refusals.find(scopes[:1], NOW) is None
    assert refusals.find(scopes[1:2], NOW)
    assert refusals.find(scopes[-1:], NOW)


def test_what_was_refused_again_lately_is_forgotten_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otp_worker.protection.refusals.MOST", 2)
    refusals = Refusals()
    first, second, third = (LimitKey(Limit.IP, RATES, f"ip:{n}") for n in range(3))
    for scope in (first, second, first, third):
        refusals.remember([scope], reached(Limit.IP), NOW)
    assert [bool(refusals.find([scope], NOW)) for scope in (first, second, third)] == [True, False, True]


def test_what_is_remembered_keeps_no_request_alive() -> None:
    """An error holds the frames that it was raised through: in them are numbers, and seeds."""
    refusals = Refusals()

    class Request:
        pass

    def refuse() -> "weakref.ref[Request]":
        request = Request()
        refusal = reached()
        refusals.remember([KEY], refusal, NOW)
        try:
            raise refusal
        except RateLimitExceededError:
            return weakref.ref(request)

    request = refuse()
    gc.collect()
    assert request() is None
    assert refusals.find([KEY], NOW) is not None
