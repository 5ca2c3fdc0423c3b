"""An app lets its user text a token to the operator's number."""

import re
from typing import Any

import pytest
from falcon import App

from api.app import create_app
from otp_worker.domain.sim import Sim, Sims
from tests.api.client import Caller, problem
from tests.api.gateway import REPLY, CallingGateway
from tests.api.service import GATEWAY, WEBHOOK_SECRET, Service

OURS = "+447400999999"


@pytest.fixture
def app(service: Service) -> "App[Any, Any]":
    """The WSGI application of an operator who allows it."""
    service.inbound_sims = Sims((Sim(GATEWAY, GATEWAY, OURS),))
    return create_app(service.intake())


def test_the_persons_sms_approves_it(shop: Caller, gateway: CallingGateway, service: Service) -> None:
    asked = shop.send(channel="inbound")
    assert asked.status_code == 202
    invitation = asked.json["inbound"]
    assert invitation["text_to"] == OURS
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", invitation["token"])
    assert invitation["expires_at"] == asked.json["expires_at"] == "2026-03-01T12:05:00Z"
    assert (asked.json["delivery"], asked.json["checks_left"]) == (None, 0)
    pending = shop.read(asked.json["id"]).json
    assert (pending["status"], pending["delivery"], "inbound" in pending) == ("pending", None, False)
    text = {**REPLY, "text": invitation["token"]}
    assert gateway.tell(gateway.inbound, text, WEBHOOK_SECRET).status_code == 204
    assert shop.read(asked.json["id"]).json["status"] == "approved"
    assert service.notices == []


def test_a_check_and_a_resend_of_it_say_what_to_do(shop: Caller) -> None:
    asked = shop.sent(channel="inbound")
    assert problem(shop.check(asked, "123456")) == (422, "invalid_field")
    assert problem(shop.resend(asked)) == (422, "invalid_field")
    assert problem(shop.check_number("+447400123456", "123456")) == (404, "not_found")
    assert shop.cancel(asked).json["status"] == "canceled"


def test_with_an_idempotency_key_it_is_refused(shop: Caller) -> None:
    body = {"to": "+447400123456", "channel": "inbound"}
    refused = shop.simulate_post("/v1/verifications", json=body, headers={"Idempotency-Key": "order-1"})
    assert problem(refused) == (422, "invalid_field")


def test_where_it_is_off_the_field_and_the_fix_are_named(service: Service) -> None:
    service.inbound_sims = None
    off = Caller(create_app(service.intake()), service.key("shop"))
    refused = off.send(channel="inbound")
    assert problem(refused) == (422, "invalid_field")
    (error,) = refused.json["errors"]
    assert error["field"] == "channel"
    assert "OTP_INBOUND_VERIFICATION" in error["detail"]
