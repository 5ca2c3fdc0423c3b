"""Supabase Auth's hook "Send SMS": its exact bytes, its retries, and what it shows to its users."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from falcon import App
from falcon.testing import Result

from otp_worker.domain.errors import DatabaseUnavailableError
from tests.api.client import Caller, problem
from tests.api.hooks.conftest import Configure
from tests.api.message_caller import texting
from tests.api.service import Service
from tests.contract.service import NUMBER

OLD, NEW = b"the hook's first secret, long", b"the hook's second secret, long"
# As GOTRUE_HOOK_SEND_SMS_SECRETS has them.
SECRETS = "|".join(f"v1,whsec_{base64.b64encode(secret).decode()}" for secret in (OLD, NEW))
HOOK = f"""
[hooks.supabase]
app = "shop"
secrets = "{SECRETS}"
words = "Your code for Corner Shop is {{code}}"
"""
_TRIES = count(1)


def body(otp: str = "402853", phone: str = NUMBER[1:]) -> bytes:
    """As Go's encoding/json writes it, without a space and with its escapes."""
    return (
        '{"metadata":{"uuid":"7f2b6a0e-8d53-4f0b-9a2e-9d5b1f6f1c11","time":"2026-03-01T12:00:00.123456789Z",'
        '"name":"send-sms","ip_address":"203.0.113.7"},'
        '"user":{"id":"8b1f6a52-4c1e-4f0d-9d54-0f6d1f0b1c2d","aud":"authenticated","role":"authenticated",'
        '"email":"","phone":"447400999999","app_metadata":{"provider":"phone","providers":["phone"]},'
        '"user_metadata":{"name":"Ann \\u0026 Bob"},"identities":null,'
        '"created_at":"2026-03-01T11:59:59.5Z","updated_at":"2026-03-01T12:00:00Z","is_anonymous":false},'
        f'"sms":{{"otp":"{otp}","sms_type":"verification","phone":"{phone}"}}}}'
    ).encode()


def headers(raw: bytes, at: datetime, *secrets: bytes) -> dict[str, str]:
    """Each try has an id of its own, and all signatures are joined as GoTrue joins them."""
    message_id, seconds = f"{next(_TRIES):08d}-0000-4000-8000-000000000000", int(at.timestamp())
    signed = f"{message_id}.{seconds}.".encode() + raw
    made = [base64.b64encode(hmac.digest(each, signed, hashlib.sha256)).decode() for each in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": ", ".join(f"v1,{each}" for each in made),
        "Accept-Encoding": "identity",
    }


@pytest.fixture
def gotrue(system: Caller, service: Service, configure: Configure) -> "GoTrue":
    configure(HOOK)
    return GoTrue(system, service)


class GoTrue:
    """Supabase Auth, which signs with both secrets."""

    def __init__(self, caller: Caller, service: Service) -> None:
        self._caller = caller
        self._service = service

    def post(self, raw: bytes, signed: dict[str, str] | None = None) -> Result:
        signed = headers(raw, self._service.clock(), OLD, NEW) if signed is None else signed
        return self._caller.simulate_post("/v1/hooks/supabase", body=raw, headers=signed)


def test_a_code_is_sent_to_the_number_that_the_sms_is_for(gotrue: GoTrue, service: Service) -> None:
    answer = gotrue.post(body())
    assert (answer.status_code, answer.text) == (200, "{}")
    assert answer.headers["Content-Type"] == "application/json"
    assert b"402853" not in service.db_bytes()
    service.deliver_queued()
    (message,) = service.gateway.messages
    assert (message.to, message.text) == (NUMBER, "Your code for Corner Shop is 402853")


def test_the_message_is_found_under_its_app_and_its_user(
    gotrue: GoTrue, app: "App[Any, Any]", service: Service
) -> None:
    gotrue.post(body())
    shop = texting(app, service, "shop")
    page = shop.simulate_get("/v1/messages", params={"user": "8b1f6a52-4c1e-4f0d-9d54-0f6d1f0b1c2d"})
    assert [each["to"] for each in page.json["messages"]] == ["+44********56"]


def test_a_second_try_with_a_new_id_sends_no_second_sms(gotrue: GoTrue, service: Service) -> None:
    assert gotrue.post(body()).text == "{}"
    service.clock.move(7)
    assert gotrue.post(body()).text == "{}"
    service.deliver_queued()
    assert gotrue.post(body()).text == "{}"
    service.deliver_queued()
    assert len(service.gateway.messages) == 1


def test_another_code_is_another_sms_and_so_is_the_same_one_later(gotrue: GoTrue, service: Service) -> None:
    for otp, seconds in (("402853", 0), ("402854", 61), ("402853", 61)):
        service.clock.move(seconds)
        assert gotrue.post(body(otp)).text == "{}"
    service.deliver_queued()
    assert [each.text[-6:] for each in service.gateway.messages] == ["402853", "402854", "402853"]


@pytest.mark.parametrize("secrets", [(OLD,), (NEW,), (b"of somebody else", NEW), (NEW, OLD, NEW)])
def test_any_of_the_secrets_will_do(gotrue: GoTrue, service: Service, secrets: tuple[bytes, ...]) -> None:
    raw = body()
    assert gotrue.post(raw, headers(raw, service.clock(), *secrets)).text == "{}"


def test_who_does_not_know_a_secret_has_nothing_sent(gotrue: GoTrue, service: Service) -> None:
    raw, now = body(), service.clock()
    right = headers(raw, now, OLD)
    late, early = (
        headers(raw, datetime.fromtimestamp(now.timestamp() + by, now.tzinfo), OLD) for by in (-301, 301)
    )
    strangers: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer otp_live_x"},
        headers(raw, now, b"of somebody else"),
        headers(raw, now),
        headers(raw + b" ", now, OLD),
        late,
        early,
        {**right, "webhook-id": "another"},
        {**right, "webhook-timestamp": "nan"},
        {**right, "webhook-timestamp": "9" * 11},
        {**right, "webhook-timestamp": "9" * 400},
        {**right, "webhook-signature": "v1,"},
        {**right, "webhook-signature": "v1,====, v1"},
        {**right, "webhook-signature": right["webhook-signature"].replace("v1,", "v2,")},
        {**right, "webhook-signature": ""},
    ]
    for signed in strangers:
        assert problem(gotrue.post(raw, signed)) == (401, "unauthenticated"), signed
    assert problem(gotrue.post(b"\xff", headers(b"\xff", now, OLD))) == (401, "unauthenticated")
    assert service.count("verifications") == 0


def told(answer: Result) -> dict[str, Any]:
    """What the app shows: GoTrue takes an error from a 200 alone."""
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    (key,) = answer.json
    assert key == "error"
    return dict(answer.json["error"])


def test_a_limit_is_told_to_the_person(gotrue: GoTrue, service: Service) -> None:
    assert gotrue.post(body()).text == "{}"
    assert told(gotrue.post(body("111111"))) == {
        "http_code": 429,
        "message": "Too many codes were asked for. Try again in 30 seconds.",
    }
    assert service.count("verifications") == 1


@pytest.mark.parametrize(
    ("phone", "code", "words"),
    [
        ("4915112345678", 403, "We send no messages to the country of this number."),
        ("442083661177", 422, "This is not a mobile number that can receive messages."),
        ("1", 422, "This is not a mobile number that can receive messages."),
        ("", 422, "This is not a mobile number that can receive messages."),
    ],
)
def test_a_number_that_cannot_be_reached_is_told_to_the_person(
    gotrue: GoTrue, phone: str, code: int, words: str
) -> None:
    assert told(gotrue.post(body(phone=phone))) == {"http_code": code, "message": words}


def test_what_the_person_cannot_mend_is_no_error_of_theirs(gotrue: GoTrue, service: Service) -> None:
    assert problem(gotrue.post(body("not-a-code!"))) == (422, "invalid_field")
    assert problem(gotrue.post(b"[]")) == (400, "invalid_json")
    service.older_may_run = True
    assert problem(gotrue.post(body())) == (503, "sealing_unavailable")
    assert service.count("verifications") == 0


def test_it_is_answered_while_the_broker_is_away(gotrue: GoTrue, service: Service) -> None:
    service.broker_is_away = True
    assert gotrue.post(body()).text == "{}"
    service.broker_is_away = False
    service.sweep()
    service.deliver_queued()
    assert len(service.gateway.messages) == 1


def test_it_may_ask_again_while_the_database_is_away(
    gotrue: GoTrue, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnavailableError("the database does not answer; try again")

    monkeypatch.setattr("otp_worker.issue.hooked.settings_of", away)
    answer = gotrue.post(body())
    assert problem(answer) == (503, "database_away")
    assert answer.headers["Retry-After"] == "1"


def test_no_log_line_holds_the_code(gotrue: GoTrue, service: Service, logged: list[Any]) -> None:
    gotrue.post(body())
    gotrue.post(body("111111"))
    service.deliver_queued()
    assert any(line.get("hook") == "supabase" for line in logged)
    for secret in ("402853", "111111", NUMBER[1:]):
        assert secret not in json.dumps(logged, default=str)
