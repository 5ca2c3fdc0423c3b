"""Asking for a code by e-mail."""

from typing import Any

import pytest

from tests.api.client import Caller, problem
from tests.api.service import Service

ADDRESS = "Anna.Smith@Example.com"
MASKED = "a***@example.com"


@pytest.fixture(autouse=True)
def no_address_is_logged(logged: list[Any]) -> Any:
    yield
    assert "smith" not in str(logged).lower()


def test_the_address_is_masked_wherever_it_is_shown(shop: Caller, service: Service) -> None:
    answer = shop.send(ADDRESS, channel="email")
    told = answer.json
    assert (answer.status_code, told["to"], told["channel"]) == (202, MASKED, "email")
    service.clock.move(31)
    answers = [answer, shop.read(told["id"]), shop.resend(told["id"]), shop.cancel(told["id"])]
    assert [each.json["to"] for each in answers] == [MASKED] * 4
    assert all("smith" not in each.text.lower() for each in answers)


def test_it_is_found_by_its_address_whatever_the_case(shop: Caller) -> None:
    sent = shop.send(ADDRESS, channel="email").json
    found = shop.simulate_post("/v1/verifications/search", json={"to": ADDRESS.lower()})
    assert [each["id"] for each in found.json["verifications"]] == [sent["id"]]


def test_the_same_request_again_is_a_resend(shop: Caller) -> None:
    first, second = (shop.send(each, channel="email").json for each in (ADDRESS, ADDRESS.upper()))
    assert (second["id"], second["resent"]) == (first["id"], True)


@pytest.mark.parametrize("to", ["nobody", "+447400123456", "nobody@example.com\r\nBcc: otto@example.com"])
def test_what_is_no_address_is_named_and_not_repeated(shop: Caller, to: str) -> None:
    answer = shop.send(to, channel="email")
    assert problem(answer) == (422, "invalid_field")
    assert answer.json["errors"][0]["field"] == "to"
    assert "otto" not in answer.text


def test_an_app_that_is_left_only_sms_may_not(shop: Caller, admin: Caller) -> None:
    admin.simulate_patch("/v1/admin/apps/shop", json={"channels": ["sms"]})
    answer = shop.send(ADDRESS, channel="email")
    assert answer.json["errors"][0]["field"] == "channel"
