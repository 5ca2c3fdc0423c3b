"""Twilio Messages' create and fetch: by its client for Python, and by hand."""

from datetime import timedelta

import pytest
from sqlalchemy import insert
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from otp_worker.store.schema import opt_outs
from tests.api.service import Service
from tests.api.twilio.caller import TwilioCaller, error
from tests.api.twilio.conftest import new_pair
from tests.contract.service import NUMBER, START

TEXT = "Your code is 123456, Ms Lovelace"


def path_of(twilio: TwilioCaller) -> str:
    return f"/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"


def test_the_quickstart_passes(client: tuple[Client, Service]) -> None:
    twilio, otp = client
    created = twilio.messages.create(
        to=NUMBER, from_="+15017122661", body=TEXT, status_callback="http://x.example"
    )
    assert (created.status, created.to, created.num_segments) == ("queued", NUMBER, "1")
    assert created.date_created == START
    assert created.sid[:2] == "SM"
    otp.clock.move(2)
    otp.deliver_queued()
    assert [message.text for message in otp.gateway.messages] == [TEXT]
    fetched = twilio.messages(created.sid).fetch()
    assert (fetched.sid, fetched.status, fetched.to) == (created.sid, "sent", "+44********56")
    assert fetched.date_sent == START + timedelta(seconds=2)
    with pytest.raises(TwilioRestException) as wrong:
        twilio.messages.create(to="+44740012345", body=TEXT)
    assert (wrong.value.status, wrong.value.code) == (400, 21211)


@pytest.fixture
def texting(twilio: TwilioCaller, service: Service) -> TwilioCaller:
    service.announce_seal_keys()
    return twilio


def send(twilio: TwilioCaller, **parameters: str) -> tuple[int, int]:
    return error(twilio.ask(path_of(twilio), **{"To": NUMBER, "Body": TEXT, **parameters}))


def test_what_cannot_be_sent_is_refused_with_twilios_number(texting: TwilioCaller, service: Service) -> None:
    assert send(texting, To="") == (400, 21604)
    assert send(texting, To="+442083661177") == (400, 21614)
    assert send(texting, To="+4915112345678") == (403, 21408)
    assert send(texting, Body="") == send(texting, Body="x" * 1601) == (400, 400)
    assert send(texting, ValidityPeriod="5") == send(texting, ValidityPeriod="soon") == (400, 400)
    (number_hash,) = service.keyring.number_hashes(NUMBER)
    row = {"number_hash": number_hash, "number_masked": "+44********56", "stopped_at": service.clock()}
    with service.db.write() as connection:
        connection.execute(insert(opt_outs).values(row))
    assert error(texting.send()) == (403, 60410)
    assert send(texting) == (400, 21610)
    assert service.count("verifications") == 0


def test_a_text_is_in_no_answer_and_waits_no_longer_than_it_may(
    texting: TwilioCaller, service: Service
) -> None:
    asked = texting.ask(path_of(texting), To=NUMBER, Body=TEXT, ValidityPeriod="60")
    assert "Lovelace" not in asked.text
    service.clock.move(60)
    uri = asked.json["uri"]
    for prefix in ("", "/twilio"):
        found = texting.simulate_get(prefix + uri)
        assert (found.json["status"], found.json["error_message"]) == ("failed", None)
    assert texting.ask(path_of(texting), To=NUMBER, Body=TEXT, ValidityPeriod="36000").status_code == 201


def test_nothing_is_seen_or_sent_by_another_account_or_without_the_scope(
    texting: TwilioCaller, service: Service
) -> None:
    uri = texting.ask(path_of(texting), To=NUMBER, Body=TEXT).json["uri"]
    bank = TwilioCaller(texting.app, new_pair(service, "bank"), "bank")
    assert error(bank.simulate_get(uri)) == (404, 20404)
    assert error(bank.simulate_get(uri.replace(texting.account_sid, bank.account_sid))) == (404, 20404)
    assert error(bank.ask(path_of(texting), To=NUMBER, Body=TEXT)) == (404, 20404)
    no_scope = TwilioCaller(texting.app, new_pair(service, scopes=frozenset()))
    assert error(no_scope.ask(path_of(texting), To=NUMBER, Body=TEXT)) == (403, 60204)
    assert service.count("verifications") == 1


@pytest.mark.parametrize("sid", ["SM", "SM" + "0" * 32, "VE" + "0" * 32, "SM%00", "x" * 2000])
def test_what_names_no_message_is_not_found(texting: TwilioCaller, sid: str) -> None:
    assert error(texting.simulate_get(path_of(texting).replace(".json", f"/{sid}.json"))) == (404, 20404)


def test_nothing_is_accepted_that_no_worker_can_open(twilio: TwilioCaller) -> None:
    assert send(twilio) == (503, 20503)
