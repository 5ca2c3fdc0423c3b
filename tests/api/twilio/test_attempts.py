"""Each SMS as an attempt, and how many led to an entered code: by Twilio's client for Python, and by hand."""

import pytest
from twilio.rest import Client

from otp_worker.domain.twilio_sids import service_sid
from tests.api.service import Service
from tests.api.twilio.caller import TwilioCaller, error
from tests.api.twilio.conftest import new_pair
from tests.contract.service import NUMBER, START

ATTEMPTS = "/v2/Attempts"


def test_each_sms_is_an_attempt_and_the_last_one_before_the_code_converted(
    client: tuple[Client, Service],
) -> None:
    twilio, otp = client
    service = twilio.verify.v2.services(service_sid("shop", None))
    asked = service.verifications.create(to=NUMBER, channel="sms")
    otp.deliver_queued()
    otp.clock.move(30)
    service.verifications.create(to=NUMBER, channel="sms")
    otp.deliver_queued()
    service.verification_checks.create(to=NUMBER, code=otp.gateway.codes[0])
    other = service.verifications.create(to="+447400123457", channel="sms")
    attempts = twilio.verify.v2.verification_attempts.list()
    told = [(each.verification_sid, each.conversion_status) for each in attempts]
    assert told == [(other.sid, "unconverted"), (asked.sid, "unconverted"), (asked.sid, "converted")]
    first = twilio.verify.v2.verification_attempts(attempts[1].sid).fetch()
    assert first.sid == asked.send_code_attempts[0]["attempt_sid"]
    assert (first.channel_data["to"], first.channel_data["country"]) == ("+44********56", "GB")
    assert (first.channel_data["message_status"], first.date_created) == ("sent", START)
    filters = [
        {"status": "converted"},
        {"channel_data_to": "+447400123457"},
        {"verification_sid": other.sid},
        {"date_created_before": START},
        {"country": "FR"},
    ]
    found = [twilio.verify.v2.verification_attempts.list(**each) for each in filters]
    assert [[each.sid for each in page] for page in found] == [
        [attempts[2].sid],
        [attempts[0].sid],
        [attempts[0].sid],
        [],
        [],
    ]


def test_a_list_is_followed_from_page_to_page(client: tuple[Client, Service]) -> None:
    twilio, otp = client
    for n in range(5):
        otp.clock.move(1)
        otp.issue(f"+44740012345{n}")
    attempts = twilio.verify.v2.verification_attempts.list(page_size=2)
    assert len({each.sid for each in attempts}) == 5


def test_the_summary_has_the_figures_of_v1(twilio: TwilioCaller, service: Service) -> None:
    nothing = twilio.simulate_get(f"{ATTEMPTS}/Summary").json
    assert (nothing["total_attempts"], nothing["conversion_rate_percentage"]) == (0, "0.00")
    for n in range(3):
        number = f"+44740012345{n}"
        twilio.send(number)
        service.deliver_queued()
        if n:
            twilio.check(service.gateway.codes[-1], number)
    summary = twilio.simulate_get(f"{ATTEMPTS}/Summary?Country=gb").json
    assert (summary["total_attempts"], summary["total_converted"], summary["total_unconverted"]) == (3, 2, 1)
    assert summary["conversion_rate_percentage"] == "66.67"


@pytest.mark.parametrize(
    "query",
    [
        "DateCreatedAfter=yesterday",
        "Country=GBR",
        "Status=maybe",
        "PageToken=x",
        "PageSize=two",
        "Channel=call",
        "ChannelData.To=nobody",
        "Status=converted&Status=converted",
        "DateCreatedAfter=2026-03-02T00:00:00Z&DateCreatedBefore=2026-03-01T00:00:00Z",
    ],
)
def test_a_wrong_parameter_is_named(twilio: TwilioCaller, query: str) -> None:
    answer = twilio.simulate_get(ATTEMPTS, query_string=query)
    assert error(answer) == (400, 60200)
    assert query.partition("=")[0].removeprefix("ChannelData.") in answer.json["message"]


def test_what_is_no_attempt_of_the_account_is_not_found(twilio: TwilioCaller, service: Service) -> None:
    sid = twilio.send().json["send_code_attempts"][0]["attempt_sid"]
    bank = TwilioCaller(twilio.app, new_pair(service, "bank"), "bank")
    assert error(bank.simulate_get(f"{ATTEMPTS}/{sid}")) == (404, 20404)
    assert bank.simulate_get(ATTEMPTS).json["attempts"] == []
    for odd in ("VL", "VL" + "0" * 32, f"VL{'f' * 32}", "x" * 3000):
        assert error(twilio.simulate_get(f"{ATTEMPTS}/{odd}")) == (404, 20404)
    assert error(twilio.simulate_get(f"{ATTEMPTS}?VerifyServiceSid=VA")) == (404, 20404)
