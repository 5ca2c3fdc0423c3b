"""A payment in a send and in its checks: what the API takes, echoes once, and keeps nowhere in clear."""

from typing import Any

import pytest

from tests.api.client import ONE, Caller, problem
from tests.api.service import Service

PAYMENT = {"amount": "12.5", "currency": "EUR", "payee": "Corner Shop"}
ECHOED = {**PAYMENT, "amount": "12.50"}


@pytest.fixture
def payer(shop: Caller, service: Service) -> Caller:
    """An app, beside workers that can open what is sealed."""
    service.announce_seal_keys()
    return shop


def paid(service: Service) -> str:
    """The code in the SMS, which tells the amount before it."""
    service.deliver_queued()
    text = service.gateway.messages[-1].text
    assert "12.50" in text
    assert "Corner Shop" in text
    return text.partition("code is ")[2][:6]


def test_amount_and_payee_are_told_once_and_are_null_later(payer: Caller, service: Service) -> None:
    asked = {"json": {"to": "+447400123456", **PAYMENT}, "headers": {"Idempotency-Key": "payment-1017"}}
    first, again = payer.simulate_post(ONE, **asked), payer.simulate_post(ONE, **asked)
    for answer in (first, again):
        assert {name: answer.json[name] for name in ECHOED} == ECHOED
    paid(service)
    for later in (payer.read(first.json["id"]), payer.simulate_get(ONE)):
        assert "Corner Shop" not in later.text
    assert b"Corner Shop" not in service.db_bytes()


def test_a_check_repeats_the_payment(payer: Caller, service: Service) -> None:
    sent = payer.sent(**PAYMENT)
    code = paid(service)
    path = f"{ONE}/{sent}/check"
    assert problem(payer.check(sent, code)) == (422, "invalid_field")
    dearer = payer.simulate_post(path, json={"code": code, **PAYMENT, "amount": "1250.00"}).json
    assert (dearer["valid"], dearer["checks_left"]) == (False, 4)
    assert payer.simulate_post(path, json={"code": code, **PAYMENT}).json["valid"]


def test_a_check_by_number_repeats_it_too(payer: Caller, service: Service) -> None:
    payer.sent(**PAYMENT)
    body = {"to": "+447400123456", "code": paid(service), **PAYMENT}
    assert payer.simulate_post(f"{ONE}/check", json=body).json["valid"]


@pytest.mark.parametrize("left_out", PAYMENT)
def test_the_three_go_together(payer: Caller, left_out: str) -> None:
    refused = payer.send(**{name: value for name, value in PAYMENT.items() if name != left_out})
    assert problem(refused) == (422, "invalid_field")
    assert [error["field"] for error in refused.json["errors"]] == [left_out]


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", 12.5), ("amount", "12,50"), ("currency", "EURO"), ("currency", "XQQ"), ("payee", "a\nb")],
)
def test_what_cannot_be_is_named(payer: Caller, field: str, value: object) -> None:
    body: dict[str, Any] = {**PAYMENT, field: value}
    refused = payer.send(**body)
    assert problem(refused) == (422, "invalid_field")
    assert [error["field"] for error in refused.json["errors"]] == [field]


def test_a_code_of_the_apps_own_is_not_for_a_payment(admin: Caller, payer: Caller) -> None:
    admin.simulate_patch("/v1/admin/apps/shop", json={"custom_codes": True})
    refused = payer.send(**PAYMENT, code="402853")
    assert [error["field"] for error in refused.json["errors"]] == ["code"]
