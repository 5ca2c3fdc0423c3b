"""Twilio's own client for Python against this service: nothing but its base URL is changed."""

from datetime import UTC, datetime

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from otp_worker.domain.twilio_sids import service_sid
from tests.api.service import Service
from tests.contract.service import NUMBER, START, wrong

Served = tuple[Client, Service]
VA = service_sid("shop", None)


@pytest.mark.parametrize("prefix", ["", "/twilio"])
def test_the_quickstart_passes(client: Served, prefix: str) -> None:
    twilio, otp = client
    twilio.verify.base_url += prefix
    service = twilio.verify.v2.services.create(friendly_name="My First Verify Service")
    assert (service.sid, service.account_sid, service.friendly_name) == (VA, twilio.account_sid, "shop")
    service_url = str(service.url)
    assert service_url == f"{twilio.verify.base_url}/v2/Services/{VA}"
    asked = twilio.verify.v2.services(service.sid).verifications.create(to=NUMBER, channel="sms")
    assert (asked.status, asked.valid, asked.to, asked.channel) == ("pending", False, NUMBER, "sms")
    assert (asked.service_sid, asked.account_sid) == (VA, twilio.account_sid)
    assert (asked.date_created, asked.date_updated) == (START, START)
    otp.deliver_queued()
    checks = twilio.verify.v2.services(service.sid).verification_checks
    wrong_one = checks.create(to=NUMBER, code=wrong(otp.gateway.codes[0]))
    assert (wrong_one.status, wrong_one.valid) == ("pending", False)
    right = checks.create(to=NUMBER, code=otp.gateway.codes[0])
    assert (right.sid, right.status, right.valid, right.to) == (asked.sid, "approved", True, NUMBER)
    assert isinstance(right.date_updated, datetime)


def test_a_verification_is_fetched_by_its_sid_and_its_number_and_ended(client: Served) -> None:
    twilio, _ = client
    verifications = twilio.verify.v2.services(VA).verifications
    asked = verifications.create(to=NUMBER, channel="sms")
    by_sid = twilio.verify.v2.services(VA).verifications(str(asked.sid)).fetch()
    by_number = twilio.verify.v2.services(VA).verifications(NUMBER).fetch()
    assert (by_sid.sid, by_sid.to) == (asked.sid, "+44********56")
    assert (by_number.sid, by_number.to) == (asked.sid, NUMBER)
    canceled = asked.update(status="canceled")
    assert (canceled.sid, canceled.status) == (asked.sid, "canceled")
    approved = verifications.create(to=NUMBER, channel="sms").update(status="approved")
    assert (approved.status, approved.valid) == ("approved", True)
    assert approved.sid != asked.sid


def test_a_second_create_is_a_resend_with_the_same_sid_and_code(client: Served) -> None:
    twilio, otp = client
    verifications = twilio.verify.v2.services(VA).verifications
    first = verifications.create(to=NUMBER, channel="sms")
    otp.deliver_queued()
    with pytest.raises(TwilioRestException) as too_soon:
        verifications.create(to=NUMBER, channel="sms")
    assert (too_soon.value.status, too_soon.value.code) == (429, 20429)
    otp.clock.move(30)
    second = verifications.create(to=NUMBER, channel="sms")
    otp.deliver_queued()
    assert second.sid == first.sid
    assert len(set(otp.gateway.codes)) == 1 < len(otp.gateway.codes)
    attempts = second.send_code_attempts or []
    assert [each["channel"] for each in attempts] == ["sms", "sms"]
    assert attempts[0] == (first.send_code_attempts or [])[0] != attempts[1]


def test_errors_are_raised_as_apps_that_are_written_for_twilio_catch_them(client: Served) -> None:
    twilio, _ = client
    service = twilio.verify.v2.services(VA)

    def code_of(to: str, **parameters: str) -> tuple[int, int | None]:
        with pytest.raises(TwilioRestException) as raised:
            service.verifications.create(to=to, channel=parameters.pop("channel", "sms"), **parameters)
        assert NUMBER not in str(raised.value)
        return raised.value.status, raised.value.code

    assert code_of("+44740012345") == (400, 60200)
    assert code_of("+442083661177") == (403, 60205)
    assert code_of("+4915112345678") == (403, 60605)
    assert code_of(NUMBER, channel="call") == (400, 60200)
    assert code_of(NUMBER, amount="EUR 12.50") == (400, 60206)
    with pytest.raises(TwilioRestException) as nothing:
        service.verification_checks.create(to=NUMBER, code="123456")
    assert (nothing.value.status, nothing.value.code) == (404, 20404)
    wrong_pair = Client(twilio.account_sid, "a" * 38)
    wrong_pair.verify.base_url = twilio.verify.base_url
    with pytest.raises(TwilioRestException) as stranger:
        wrong_pair.verify.v2.services(VA).fetch()
    assert (stranger.value.status, stranger.value.code) == (401, 20003)


def test_the_sixth_check_is_one_too_many(client: Served) -> None:
    twilio, otp = client
    service = twilio.verify.v2.services(VA)
    service.verifications.create(to=NUMBER, channel="sms")
    otp.deliver_queued()
    bad = wrong(otp.gateway.codes[0])
    told = [service.verification_checks.create(to=NUMBER, code=bad).status for _ in range(5)]
    assert told == [*["pending"] * 4, "max_attempts_reached"]
    with pytest.raises(TwilioRestException) as sixth:
        service.verification_checks.create(to=NUMBER, code=otp.gateway.codes[0])
    assert (sixth.value.status, sixth.value.code) == (429, 60202)
    otp.clock.move(600)
    with pytest.raises(TwilioRestException) as late:
        service.verification_checks.create(to=NUMBER, code=otp.gateway.codes[0])
    assert (late.value.status, late.value.code) == (404, 20404)


def test_services_are_listed_and_fetched(client: Served) -> None:
    twilio, _ = client
    assert [each.sid for each in twilio.verify.v2.services.list()] == [VA]
    fetched = twilio.verify.v2.services(VA).fetch()
    assert (fetched.code_length, fetched.custom_code_enabled) == (6, False)
    assert fetched.date_created == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    with pytest.raises(TwilioRestException) as other:
        twilio.verify.v2.services(VA).update(code_length=8)
    assert (other.value.status, other.value.code) == (403, 60204)
    with pytest.raises(TwilioRestException) as deleted:
        twilio.verify.v2.services(VA).delete()
    assert deleted.value.code == 60204
