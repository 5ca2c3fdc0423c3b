"""What an operator sees of refusals in ``/metrics``."""

import re
from typing import Any

from falcon import App

from otp_worker.domain.app import KeyScope
from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.domain.lockout import FREE_FAILURES
from otp_worker.operations.rejections import REASONS
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.store import lockouts
from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER


def refused(stranger: Caller) -> dict[str, float]:
    """How often each reason refused something, those that did."""
    metrics = stranger.simulate_get("/metrics").text
    figures = dict(re.findall(r'^otp_refused_total{reason="(\w+)"} ([0-9.]+)$', metrics, re.MULTILINE))
    assert tuple(figures) == REASONS
    return {reason: float(figure) for reason, figure in figures.items() if float(figure)}


def test_each_refusal_is_counted_by_its_reason(
    app: "App[Any, Any]", service: Service, shop: Caller, stranger: Caller, sent: str
) -> None:
    object.__setattr__(service.limits, "rates", {Limit.COUNTRY: parse_rates("1/h")})
    reading = ApiKeys(service.db).create("shop", service.clock(), scopes=frozenset({KeyScope.READ}))
    for _ in range(2):
        assert problem(shop.send("+447400999999")) == (429, "limit_reached")
    shop.resend(sent)
    shop.send("+4915112345678")
    Caller(app, reading).send()
    stranger.send()
    Caller(app, "otp_live_typo").send()
    assert refused(stranger) == {
        "limit_country": 2,
        "too_soon": 1,
        "country": 1,
        "scope": 1,
        "unauthenticated": 2,
    }


def test_a_locked_number_is_counted(shop: Caller, service: Service, stranger: Caller, sent: str) -> None:
    with service.db.write() as connection:
        for _ in range(FREE_FAILURES):
            lockouts.count_attempt(connection, service.keyring.number_hashes(NUMBER), service.clock())
    assert problem(shop.check(sent, "123456")) == (429, "number_locked")
    assert refused(stranger) == {"number_locked": 1}


def test_what_is_accepted_or_wrong_is_no_refusal_and_every_reason_is_there_all_the_same(
    shop: Caller, stranger: Caller, sent: str
) -> None:
    shop.check(sent, "0000")
    shop.send("12")
    shop.read("ver_unknown")
    assert refused(stranger) == {}


def test_a_refusal_that_cannot_be_counted_is_the_same_refusal(
    shop: Caller, service: Service, stranger: Caller
) -> None:
    with service.db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE counters RENAME TO hidden")
    assert problem(shop.send("+4915112345678")) == (403, "country_not_allowed")
    with service.db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO counters")
    assert refused(stranger) == {"country": 1}
