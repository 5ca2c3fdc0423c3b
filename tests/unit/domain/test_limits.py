"""Rates as they are written, who a use is counted for, and counting in one process."""

from datetime import UTC, datetime, timedelta

import pytest

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import OF_THE_OPERATOR, Limit, LimitKey, Limits, Rate, parse_rates
from otp_worker.protection.rate_limiter import REMEMBERED_SCOPES, LocalLimiter

NUMBER = "+447400123456"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ALL = Limits(Keyring(["a root secret of the tests, long enough"]), dict.fromkeys(Limit, (Rate(1, 60),)))


def keys(scopes: list[LimitKey]) -> dict[Limit, str]:
    return {scope.limit: scope.key for scope in scopes}


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("1/30s,5/10m,10/h", [(1, 30), (5, 600), (10, 3600)]),
        (" 2000/h , 10000/d ", [(2000, 3600), (10_000, 86_400)]),
        ("7/2d", [(7, 172_800)]),
        ("1/s", [(1, 1)]),
        ("", []),
        ("  ", []),
    ],
)
def test_rates_are_read_as_they_are_written(text: str, rates: list[tuple[int, int]]) -> None:
    assert parse_rates(text) == tuple(Rate(*rate) for rate in rates)


@pytest.mark.parametrize(
    "text",
    ["5", "5/", "/h", "0/h", "5/0m", "-5/h", "5/h,", "5/w", "5 per hour", "1.5/h", "5/32d", "\u0665/h"],
)
def test_what_is_no_rate_is_refused_with_the_fix(text: str) -> None:
    with pytest.raises(ValueError, match="such as 1/30s,5/10m,10/h"):
        parse_rates(text)


def test_a_send_counts_for_number_block_country_key_address_and_in_all() -> None:
    scopes = ALL.on_send(NUMBER, "GB", "shop", ALL.ip_hash("203.0.113.7"), test=False)
    assert [scope.limit for scope in scopes] == list(Limit)[:6]


def test_a_limit_without_rates_and_an_address_that_is_not_given_are_not_counted() -> None:
    limits = Limits(ALL.keyring, {Limit.TOTAL: (Rate(1, 60),), Limit.IP: (Rate(1, 60),), Limit.KEY: ()})
    assert list(keys(limits.on_send(NUMBER, "GB", "shop", None, test=False))) == [Limit.TOTAL]


def test_a_test_apps_sends_count_for_its_key_alone() -> None:
    """Else a test key could use up what a real number may be sent."""
    assert list(keys(ALL.on_send(NUMBER, "GB", "test:shop", None, test=True))) == [Limit.KEY]


def test_a_keys_own_rates_stand_in_place_of_the_operators_for_that_limit_alone() -> None:
    own = {Limit.KEY: parse_rates("500/h"), Limit.CHECKS_KEY: parse_rates("60/m")}
    scopes = ALL.on_send(NUMBER, "GB", "shop", None, own, test=False)
    scopes += ALL.on_check("shop", "203.0.113.7", own)
    rates = {scope.limit: scope.rates for scope in scopes}
    assert {limit for limit, each in rates.items() if each == (Rate(1, 60),)} == set(rates) - set(own)
    assert {limit: rates[limit] for limit in own} == own
    assert keys(scopes) == keys(
        ALL.on_send(NUMBER, "GB", "shop", None, test=False) + ALL.on_check("shop", "203.0.113.7")
    )


def test_a_key_may_have_a_limit_where_the_operator_has_none_and_the_other_way_round() -> None:
    off = Limits(ALL.keyring)
    (scope,) = off.on_check("shop", None, {Limit.CHECKS_KEY: (Rate(1, 60),)})
    assert scope.rates == (Rate(1, 60),)
    (scope,) = ALL.on_check("shop", None, {Limit.CHECKS_KEY: ()})
    assert (scope.rates, scope.kept_seconds) == ((), 60)
    assert off.on_check("shop", None, {Limit.CHECKS_KEY: ()}) == []


def test_numbers_of_one_block_are_counted_together_and_others_are_not() -> None:
    blocks = [
        keys(ALL.on_send(number, "GB", "shop", None, test=False))[Limit.BLOCK]
        for number in (NUMBER, "+447400129999", "+447400130000")
    ]
    assert blocks[0] == blocks[1] != blocks[2]


def test_no_scope_names_a_number_or_an_address() -> None:
    ip = "203.0.113.7"
    scopes = ALL.on_send(NUMBER, "GB", "shop", ALL.ip_hash(ip), test=False) + ALL.on_check("shop", ip)
    assert len(scopes) == len(OF_THE_OPERATOR)
    for scope in scopes:
        assert not {NUMBER, NUMBER[1:], NUMBER[1:-4], ip} & {scope.key, *map(str, scope.values)}
        assert NUMBER[1:-4] not in scope.key
        assert ip not in scope.key


def test_one_process_counts_every_window() -> None:
    scope = LimitKey(Limit.CHECKS_KEY, (Rate(2, 10), Rate(3, 60)), "checks_key:shop")
    limiter = LocalLimiter()
    for seconds in (0, 1, 11):
        limiter.take([scope], NOON + timedelta(seconds=seconds))
    with pytest.raises(RateLimitExceededError) as refused:
        limiter.take([scope], NOON + timedelta(seconds=30))
    assert refused.value.retry_at == NOON + timedelta(seconds=60)
    limiter.take([scope], NOON + timedelta(seconds=60))


def test_one_process_counts_for_all_or_for_none() -> None:
    narrow, wide = (LimitKey(Limit.CHECKS_IP, (Rate(count, 60),), f"checks_ip:{count}") for count in (1, 2))
    limiter = LocalLimiter()
    limiter.take([wide, narrow], NOON)
    with pytest.raises(RateLimitExceededError):
        limiter.take([wide, narrow], NOON)
    limiter.take([wide], NOON)


def test_one_process_counts_for_every_key_of_a_name_whichever_came_first() -> None:
    small, none, large = (
        LimitKey(Limit.CHECKS_KEY, parse_rates(text), "checks_key:shop", default_rates=(Rate(1, 60),))
        for text in ("1/m", "", "4/m")
    )
    limiter = LocalLimiter()
    for scope in (small, large, large, none):
        limiter.take([scope], NOON)
    for scope in (small, large):
        with pytest.raises(RateLimitExceededError):
            limiter.take([scope], NOON)
    limiter.take([none], NOON)


def test_one_process_forgets_who_has_not_asked_for_longest() -> None:
    limiter = LocalLimiter()
    rates = (Rate(1, 60),)
    app = LimitKey(Limit.CHECKS_KEY, (Rate(10**6, 60),), "checks_key:shop")
    for address in range(REMEMBERED_SCOPES):
        limiter.take([app, LimitKey(Limit.CHECKS_IP, rates, str(address))], NOON)
    with pytest.raises(RateLimitExceededError):
        limiter.take([LimitKey(Limit.CHECKS_IP, rates, str(REMEMBERED_SCOPES - 1))], NOON)
    limiter.take([LimitKey(Limit.CHECKS_IP, rates, "0")], NOON)
