"""Verify's calls by hand: what a client sends, byte by byte, and what comes of it."""

from typing import Any

import pytest

from otp_worker.domain.app import KeyScope
from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.domain.twilio_sids import (
    account_sid,
    attempt_sid,
    service_sid,
    template_sid,
    verification_sid,
)
from otp_worker.domain.twilio_sids import verification_id as id_of
from otp_worker.operations.apps import Apps
from otp_worker.protection.api_keys import ApiKeys
from tests.api.client import Caller
from tests.api.service import Service
from tests.api.twilio.caller import TwilioCaller, error
from tests.api.twilio.conftest import new_pair, with_twilio
from tests.contract.service import NUMBER, wrong

OTHER = "+447400123457"
START_TEXT = "2026-03-01T12:00:00Z"


def settings(service: Service, **changes: object) -> None:
    Apps(service.db, service.clock).change("shop", changes)


def test_it_is_off_unless_it_is_asked_for(shop: Caller) -> None:
    for path in ("/twilio/v2/Services", "/v2/Services", "/2010-04-01/Accounts/AC/Messages.json"):
        assert shop.simulate_get(path).status_code == 404


def test_the_same_intake_serves_both_shapes(twilio: TwilioCaller, service: Service) -> None:
    shop = Caller(twilio.app, service.key("shop"))
    asked = shop.sent()
    service.deliver_queued()
    assert twilio.simulate_get(f"{twilio.service}/Verifications/{NUMBER}").json["sid"] == verification_sid(
        asked
    )
    right = twilio.check(service.gateway.codes[0])
    assert (right.status_code, right.json["status"], right.json["valid"]) == (201, "approved", True)
    assert shop.read(asked).json["status"] == "approved"


def test_an_answer_has_every_field_that_clients_read(twilio: TwilioCaller) -> None:
    answer = twilio.send()
    sid = answer.json["sid"]
    assert answer.status_code == 201
    (attempt,) = answer.json["send_code_attempts"]
    assert attempt == {"time": START_TEXT, "channel": "sms", "attempt_sid": attempt_sid(f"{id_of(sid)}.1")}
    assert answer.json == {
        "send_code_attempts": [attempt],
        "sid": sid,
        "service_sid": service_sid("shop", None),
        "account_sid": account_sid("shop"),
        "to": NUMBER,
        "channel": "sms",
        "status": "pending",
        "valid": False,
        "lookup": {},
        "amount": None,
        "payee": None,
        "date_created": START_TEXT,
        "date_updated": START_TEXT,
        "sna": None,
        "url": f"http://falconframework.org{twilio.service}/Verifications/{sid}",
    }


def test_links_lead_to_the_public_url_whatever_host_a_request_names(service: Service) -> None:
    app = with_twilio(service, "https://otp.example.com")
    twilio = TwilioCaller(app, new_pair(service))
    assert twilio.send().json["url"].startswith("https://otp.example.com/v2/Services/VA")
    listed = twilio.simulate_get("/twilio/v2/Services", headers={"Host": "elsewhere.example"})
    assert listed.json["meta"]["url"].startswith("https://otp.example.com/twilio/v2/Services?")


@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("number", [NUMBER, NUMBER.replace("+", "%2B")])
def test_a_number_in_a_path_is_read_as_it_comes(twilio: TwilioCaller, number: str, end: str) -> None:
    sid = twilio.send().json["sid"]
    assert twilio.simulate_get(f"{twilio.service}/Verifications/{number}{end}").json["sid"] == sid


def test_a_plus_that_a_form_was_not_told_to_keep_is_taken_for_one(twilio: TwilioCaller) -> None:
    answer = twilio.simulate_post(f"{twilio.service}/Verifications", body=f"To={NUMBER}&Channel=sms")
    assert (answer.status_code, answer.json["to"]) == (201, NUMBER)


def test_what_a_send_says_is_honoured(twilio: TwilioCaller, service: Service) -> None:
    settings(service, custom_codes=True, buckets={"device": "1/h"}, android_hashes=["FA+9qCX9VSu"])
    service.announce_seal_keys()
    answer = twilio.send(
        Locale="de",
        CustomCode="402853",
        AppHash="FA+9qCX9VSu",
        DeviceIp="203.0.113.7",
        RateLimits='{"device": "a1"}',
        Tags='{"campaign": "spring"}',
        RiskCheck="enable",
    )
    assert answer.status_code == 201, answer.text
    service.deliver_queued()
    (message,) = service.gateway.messages
    assert "402853" in message.text
    assert "FA+9qCX9VSu" in message.text
    assert "Ihr" in message.text
    assert error(twilio.send(OTHER, RateLimits='{"device": "a1"}')) == (429, 60207)
    listed = Caller(twilio.app, service.key("shop")).simulate_get("/v1/verifications?tag=campaign:spring")
    assert len(listed.json["verifications"]) == 1


def test_a_code_may_be_longer_than_usual(twilio: TwilioCaller, service: Service) -> None:
    assert twilio.send(CodeLength="8").status_code == 201
    service.deliver_queued()
    assert len(service.gateway.codes[0]) == 8


def test_a_template_is_named_by_its_sid(twilio: TwilioCaller, service: Service) -> None:
    admin = Caller(twilio.app, service.admin_key())
    body = {"texts": {"en": "{code} opens door {door}"}, "fields": {"door": 4}}
    assert admin.simulate_put("/v1/admin/apps/shop/templates/door", json=body).status_code == 200
    answer = twilio.send(TemplateSid=template_sid("door"), TemplateCustomSubstitutions='{"door": "A1"}')
    assert answer.status_code == 201, answer.text
    service.deliver_queued()
    assert "opens door A1" in service.gateway.messages[0].text
    assert error(twilio.send(OTHER, TemplateSid=template_sid("gate"))) == (400, 60200)


def test_a_payment_is_told_and_its_check_repeats_it(twilio: TwilioCaller, service: Service) -> None:
    service.announce_seal_keys()
    payment = {"Amount": "£12.50", "Payee": "Corner Shop"}
    answer = twilio.send(**payment)
    assert (answer.json["amount"], answer.json["payee"]) == ("GBP 12.50", "Corner Shop")
    service.deliver_queued()
    assert "12.50" in service.gateway.messages[0].text
    code = service.gateway.messages[0].text.rpartition("code is ")[2][:6]
    assert error(twilio.check(code)) == (400, 60206)
    assert twilio.check(code, Amount="GBP 12.51", Payee="Corner Shop").json["valid"] is False
    right = twilio.check(code, Amount="12.50 GBP", Payee="Corner Shop")
    assert (right.json["valid"], right.json["amount"]) == (True, "12.50 GBP")


def test_purposes_of_an_app_are_services_of_their_own(twilio: TwilioCaller, service: Service) -> None:
    settings(service, purposes=["login"])
    login = f"/v2/Services/{service_sid('shop', 'login')}"
    sids = [each["sid"] for each in twilio.simulate_get("/v2/Services").json["services"]]
    assert sids == [service_sid("shop", None), service_sid("shop", "login")]
    asked = twilio.ask(f"{login}/Verifications", To=NUMBER, Channel="sms").json["sid"]
    service.deliver_queued()
    code = service.gateway.codes[0]
    assert error(twilio.check(code)) == (404, 20404)
    assert error(twilio.check(code, VerificationSid=asked)) == (404, 20404)
    assert error(twilio.simulate_get(f"{twilio.service}/Verifications/{asked}")) == (404, 20404)
    assert error(twilio.simulate_get(f"{twilio.service}/Verifications/{NUMBER}")) == (404, 20404)
    assert twilio.ask(f"{login}/VerificationCheck", To=NUMBER, Code=code).json["valid"] is True


def test_a_check_by_sid_judges_that_verification(twilio: TwilioCaller, service: Service) -> None:
    sid = twilio.send().json["sid"]
    service.deliver_queued()
    by_sid = twilio.ask(
        f"{twilio.service}/VerificationCheck", VerificationSid=sid, Code=service.gateway.codes[0]
    )
    assert (by_sid.json["sid"], by_sid.json["valid"], by_sid.json["to"]) == (sid, True, "+44********56")


def test_nothing_of_another_app_is_seen_or_changed(twilio: TwilioCaller, service: Service) -> None:
    sid = twilio.send().json["sid"]
    service.deliver_queued()
    bank = TwilioCaller(twilio.app, new_pair(service, "bank"), "bank")
    one = f"{bank.service}/Verifications/{sid}"
    for answer in (
        bank.simulate_get(twilio.service),
        bank.send_to(twilio.service),
        bank.simulate_get(one),
        bank.ask(one, Status="canceled"),
        bank.ask(one, Status="approved"),
        bank.simulate_get(f"{bank.service}/Verifications/{NUMBER}"),
        bank.check(service.gateway.codes[0]),
        bank.ask(f"{bank.service}/VerificationCheck", VerificationSid=sid, Code=service.gateway.codes[0]),
    ):
        assert error(answer) == (404, 20404)
    assert twilio.simulate_get(f"{twilio.service}/Verifications/{sid}").json["status"] == "pending"


def test_a_pair_for_rehearsals_has_an_account_of_its_own(twilio: TwilioCaller, service: Service) -> None:
    rehearsing = TwilioCaller(twilio.app, new_pair(service, test=True), "test:shop")
    assert rehearsing.account_sid != twilio.account_sid
    assert rehearsing.send().status_code == 201
    service.deliver_queued()
    assert service.gateway.messages == []
    assert rehearsing.check("123456").json["valid"] is True


def test_a_token_does_what_its_scopes_say(service: Service) -> None:
    app = with_twilio(service)
    sends = TwilioCaller(app, new_pair(service, scopes=frozenset({KeyScope.SEND})))
    sid = sends.send().json["sid"]
    one = f"{sends.service}/Verifications/{sid}"
    assert error(sends.check("123456")) == (403, 60204)
    assert error(sends.simulate_get(one)) == (403, 60204)
    assert error(sends.ask(one, Status="approved")) == (403, 60204)
    assert sends.ask(one, Status="canceled").json["status"] == "canceled"


def test_a_revoked_token_has_nothing_sent_or_checked(twilio: TwilioCaller, service: Service) -> None:
    assert twilio.send().status_code == 201
    service.revoke_every_key()
    for answer in (twilio.send(OTHER), twilio.check("123456"), twilio.simulate_get(twilio.service)):
        assert error(answer) == (401, 20003)
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert service.count("verifications") == 1


def test_limits_are_those_of_the_intake_and_say_when_to_come_again(service: Service) -> None:
    service = Service(service.db, {Limit.NUMBER: parse_rates("1/h"), Limit.TOTAL: parse_rates("1/h")})
    twilio = TwilioCaller(with_twilio(service), new_pair(service))
    sid = twilio.send().json["sid"]
    twilio.ask(f"{twilio.service}/Verifications/{sid}", Status="canceled")
    again = twilio.send()
    assert error(again) == (429, 60203)
    assert 0 < int(again.headers["Retry-After"]) <= 3600
    assert error(twilio.send(OTHER)) == (429, 20429)


def test_a_number_that_is_locked_may_not_be_checked(twilio: TwilioCaller, service: Service) -> None:
    for _ in range(2):
        twilio.send()
        service.deliver_queued()
        for _ in range(5):
            twilio.check(wrong(service.gateway.codes[-1]))
    twilio.send()
    service.deliver_queued()
    answer = twilio.check(service.gateway.codes[-1])
    assert error(answer) == (429, 60202)
    assert int(answer.headers["Retry-After"]) > 0


def test_no_line_of_the_log_holds_what_a_path_holds(twilio: TwilioCaller, logged: list[Any]) -> None:
    twilio.send(SendDigits="1234")
    twilio.simulate_get(f"{twilio.service}/Verifications/{NUMBER}")
    (ignored,) = (line for line in logged if line["event"] == "twilio_parameters_ignored")
    assert ignored["parameters"] == ["SendDigits"]
    assert "/v2/Services/{service_sid}/Verifications/{which}" in [line.get("route") for line in logged]


def test_a_key_is_no_pair_and_a_pair_no_key(twilio: TwilioCaller, service: Service) -> None:
    key = ApiKeys(service.db).create("shop", service.clock())
    path = f"{twilio.service}/Verifications"
    bearer = TwilioCaller(twilio.app).simulate_post(path, headers={"Authorization": f"Bearer {key}"})
    assert error(bearer) == (401, 20003)
    assert Caller(twilio.app, twilio.token).send().status_code == 401
