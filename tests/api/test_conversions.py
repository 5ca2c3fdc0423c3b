"""Conversion by HTTP: an app sees its own codes, the operator all of them, each by what is asked for."""

from typing import Any

import pytest
from falcon.testing import Result

from tests.api.client import Caller, problem
from tests.api.service import Service

OTHER = "+447400654321"
NONE = {"sent": 0, "delivered": 0, "approved": 0, "delivered_share": None, "approved_share": None}


def conversions(caller: Caller, **query: Any) -> Result:
    return caller.simulate_get("/v1/conversions", params={name: str(value) for name, value in query.items()})


def told(answer: Result) -> dict[str | None, tuple[int, int]]:
    assert answer.status_code == 200, answer.text
    return {each["value"]: (each["sent"], each["approved"]) for each in answer.json["groups"]}


@pytest.fixture
def codes(shop: Caller, bank: Caller, service: Service) -> None:
    """Two codes of one app, the first of which is entered, and one of another."""
    first = shop.sent(user="user-1")
    shop.sent(OTHER, user="user-2")
    bank.sent(user="user-3")
    service.deliver_queued()
    assert shop.check(first, service.gateway.codes[0]).json["valid"]


@pytest.mark.usefixtures("codes")
def test_an_app_sees_what_became_of_its_own_codes(shop: Caller) -> None:
    answer = conversions(shop)
    assert answer.json["total"] == {
        "sent": 2,
        "delivered": 0,
        "approved": 1,
        "delivered_share": 0.0,
        "approved_share": 0.5,
    }
    assert told(answer) == {"GB": (2, 1)}
    assert answer.json["since"] == "2026-02-28T12:00:00Z"
    assert answer.json["until"] == "2026-03-01T12:00:00Z"
    assert answer.json["settled_until"] == "2026-03-01T11:49:00Z"
    assert told(conversions(shop, by="template")) == {"default": (2, 1)}
    hours = told(conversions(shop, by="hour"))
    assert (len(hours), hours["2026-03-01T12:00:00Z"]) == (25, (2, 1))
    assert sum(sent for sent, _ in told(conversions(shop, by="block")).values()) == 2
    assert conversions(shop, country="FR").json["total"] == NONE


@pytest.mark.usefixtures("codes")
def test_the_operator_sees_all_and_tells_apps_and_sims_apart(admin: Caller) -> None:
    assert told(conversions(admin, by="app")) == {"shop": (2, 1), "bank": (1, 0)}
    assert told(conversions(admin, by="sim")) == {"obedient": (3, 1)}
    assert told(conversions(admin, by="app", app="bank", sim="obedient")) == {"bank": (1, 0)}


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("query", [{"by": "app"}, {"by": "sim"}, {"sim": "obedient"}, {"app": "bank"}])
def test_an_app_is_told_nothing_of_other_apps_and_of_sims(shop: Caller, query: dict[str, str]) -> None:
    answer = conversions(shop, **query)
    assert problem(answer) == (422, "invalid_field")
    assert "needs a key with the scope admin" in answer.json["detail"]
    assert told(conversions(shop, app="shop")) == {"GB": (2, 1)}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"by": "number"}, "by"),
        ({"by": "Country"}, "by"),
        ({"country": "GBR"}, "country"),
        ({"template": "a\nb"}, "template"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-03-01T12:00:00Z", "until": "2026-03-01T12:00:00Z"}, "since"),
        ({"by": "hour", "since": "2026-01-01T00:00:00Z"}, "since"),
        ({"by": "block", "template": "default"}, "by"),
        ({"limit": "501"}, "limit"),
        ({"to": "+447400123456"}, "to"),
    ],
)
def test_what_cannot_be_asked_names_the_field(shop: Caller, query: dict[str, str], field: str) -> None:
    answer = conversions(shop, **query)
    assert problem(answer) == (422, "invalid_field")
    assert [each["field"] for each in answer.json["errors"]] == [field]


def test_any_instant_can_be_asked_for(shop: Caller) -> None:
    for since, until in (
        ("1000-01-01T00:00:00Z", "2999-12-31T23:59:59Z"),
        ("1000-01-01T00:00:00+23:59", "1000-01-02T00:00:00Z"),
        ("2999-01-01T00:00:00Z", "2999-01-02T00:00:00Z"),
    ):
        answer = conversions(shop, by="day", since=since, until=until)
        assert answer.status_code == 200, answer.text
        assert answer.json["total"] == NONE


def test_a_key_without_the_scope_read_sees_nothing(service: Service, shop: Caller) -> None:
    assert problem(conversions(Caller(shop.app))) == (401, "unauthenticated")
