"""What Twilio's clients never send, and others may: an error in Twilio's shape, and nothing is changed."""

from base64 import b64encode
from typing import Any

import pytest
from falcon import testing

from otp_worker.domain.twilio_sids import service_sid
from tests.api.service import Service
from tests.api.test_bad_bodies import call
from tests.api.test_bad_fields import WRONG_CODES
from tests.api.twilio.caller import FORM, TwilioCaller, error
from tests.contract.service import NUMBER

RIGHT = f"To=%2B{NUMBER[1:]}&Channel=sms"
BODIES = {
    "nothing": b"",
    "JSON": b'{"To": "+447400123456", "Channel": "sms"}',
    "bad UTF-8": b"To=%ff&Channel=sms",
    "bad UTF-8 as it is": b"To=\xff&Channel=sms",
    "half a character": b"To=%ed%a0%bd&Channel=sms",
    "NUL": b"To=%2B4474%0000123456&Channel=sms",
    "a number twice": f"{RIGHT}&To=%2B447400123457".encode(),
    "a channel twice": f"{RIGHT}&Channel=sms".encode(),
    "an empty number": b"To=&Channel=sms",
    "no channel": b"To=%2B447400123456",
    "too many parameters": "&".join([RIGHT, *(f"P{n}=1" for n in range(99))]).encode(),
}
PARAMETERS: list[tuple[str, str]] = [
    ("To", "+442"),
    ("To", "+" + "4" * 300),
    ("To", "not a number"),
    ("Channel", "call"),
    ("Channel", "whatsapp"),
    ("Channel", "sna"),
    ("Channel", "SMS"),
    ("Locale", "german"),
    ("Locale", "de\n"),
    ("CustomCode", "402853"),
    ("CodeLength", "3"),
    ("CodeLength", "11"),
    ("CodeLength", "6.0"),
    ("CodeLength", "\u0666"),
    ("CodeLength", "9" * 5000),
    ("AppHash", "FA+9qCX9VSu"),
    ("DeviceIp", "localhost"),
    ("DeviceIp", "fe80::1%eth0"),
    ("Tags", "spring"),
    ("Tags", '["spring"]'),
    ("Tags", '{"campaign": 7}'),
    ("Tags", '{"campaign": "\\ud83d"}'),
    ("Tags", '{"a":' * 1000),
    ("RateLimits", '{"device": "a1"}'),
    ("RateLimits", '{"Device!": "a1"}'),
    ("TemplateSid", "HJ" + "0" * 32),
    ("TemplateSid", "welcome"),
    ("TemplateCustomSubstitutions", '{"order": "A1"}'),
]
PAYMENTS = [
    "12.50",
    "$12.50",
    "EUR 12.50 EUR",
    "EUR",
    "EUR -1",
    "EUR 1e3",
    "XXQ 12.50",
    "EUR 12.505",
    "\u0661 EUR",
]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_such_form_is_an_invalid_parameter(
    twilio: TwilioCaller, service: Service, body: bytes
) -> None:
    answer = twilio.simulate_post(f"{twilio.service}/Verifications", body=body)
    assert error(answer) == (400, 60200)
    assert service.count("verifications") == 0


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_what_is_sent_as_something_else_is_refused(twilio: TwilioCaller, kind: str) -> None:
    headers = {"Content-Type": kind}
    answer = twilio.simulate_post(f"{twilio.service}/Verifications", body=RIGHT, headers=headers)
    assert error(answer) == (400, 60200)


@pytest.mark.parametrize(("name", "value"), PARAMETERS, ids=lambda value: ascii(value)[:30])
def test_a_wrong_parameter_is_named_and_nothing_is_accepted(
    twilio: TwilioCaller, service: Service, name: str, value: str
) -> None:
    answer = twilio.send(**{name: value})
    assert error(answer) == (400, 60200)
    assert answer.json["message"].startswith(f"Invalid parameter: {name}: ")
    assert service.count("verifications") == 0


@pytest.mark.parametrize("amount", PAYMENTS)
def test_an_amount_that_is_none_is_named(twilio: TwilioCaller, amount: str) -> None:
    answer = twilio.send(Amount=amount, Payee="Corner Shop")
    assert error(answer) == (400, 60200)
    assert answer.json["message"].startswith("Invalid parameter: Amount: ")


@pytest.mark.parametrize("code", [code for code in WRONG_CODES if isinstance(code, str)], ids=ascii)
def test_what_cannot_be_a_code_costs_no_check(twilio: TwilioCaller, service: Service, code: str) -> None:
    sid = twilio.send().json["sid"]
    service.deliver_queued()
    for answer in (twilio.check(code), twilio.check(code, VerificationSid=sid)):
        assert error(answer) == (400, 60200)
        assert answer.json["message"].startswith("Invalid parameter: Code: ")
    assert twilio.check(service.gateway.codes[0]).json["valid"] is True


@pytest.mark.parametrize(
    "which",
    ["VE", "VE" + "0" * 32, "VE" + "f" * 32, "VE" + "g" * 32, "+442", "x" * 3000, "%00", "+4915112345678"],
)
def test_what_names_no_verification_is_not_found(twilio: TwilioCaller, which: str) -> None:
    one = f"{twilio.service}/Verifications/{which}"
    assert error(twilio.simulate_get(one)) == (404, 20404)
    assert error(twilio.ask(one, Status="canceled")) == (404, 20404)


@pytest.mark.parametrize("status", ["", "pending", "CANCELED", "expired"])
def test_a_verification_becomes_nothing_else(twilio: TwilioCaller, status: str) -> None:
    sid = twilio.send().json["sid"]
    assert error(twilio.ask(f"{twilio.service}/Verifications/{sid}", Status=status)) == (400, 60200)


@pytest.mark.parametrize(
    "path",
    ["/v2/", "/v2/Nothing", "/v2/Services/VA", f"/v2/Services/{service_sid('bank', None)}/Verifications"],
)
def test_what_is_nowhere_is_not_found_in_twilios_words(twilio: TwilioCaller, path: str) -> None:
    for prefix in ("", "/twilio"):
        assert error(twilio.ask(prefix + path)) == (404, 20404)


def test_a_method_that_a_path_does_not_take_is_told(twilio: TwilioCaller) -> None:
    answer = twilio.simulate_delete(f"{twilio.service}/Verifications")
    assert (error(answer), answer.headers["Allow"]) == ((405, 405), "POST, OPTIONS")


def test_a_form_that_is_too_large_or_of_unsaid_length_is_not_read(twilio: TwilioCaller) -> None:
    path = f"{twilio.service}/Verifications"
    assert error(twilio.simulate_post(path, body="To=" + "4" * 16_384)) == (413, 413)
    environ = environment(twilio, path)
    del environ["CONTENT_LENGTH"]
    environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    assert error(call(twilio, environ)) == (413, 413)  # type: ignore[arg-type]


@pytest.mark.parametrize("header", ["", "Basic", "Basic AAAA", "Bearer otp_live_" + "a" * 38, "Basic \u00e9"])
def test_without_a_good_pair_every_door_is_shut(twilio: TwilioCaller, header: str) -> None:
    stranger = TwilioCaller(twilio.app)
    for method, path in (
        ("GET", "/v2/Services"),
        ("POST", f"{twilio.service}/Verifications"),
        ("POST", f"{twilio.service}/VerificationCheck"),
        ("GET", f"{twilio.service}/Verifications/{NUMBER}"),
    ):
        answer = stranger.simulate_request(method, path, headers={"Authorization": header}, body=b"?")
        assert error(answer) == (401, 20003)


def test_the_database_away_is_said_in_twilios_words(
    twilio: TwilioCaller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(type(service.db), "write", away)
    assert error(twilio.send()) == (500, 20500)


def environment(twilio: TwilioCaller, path: str) -> dict[str, Any]:
    pair = b64encode(f"{twilio.account_sid}:{twilio.token}".encode()).decode()
    headers = {**FORM, "Authorization": f"Basic {pair}"}
    return testing.create_environ(path=path, method="POST", body=RIGHT.encode(), headers=headers)
