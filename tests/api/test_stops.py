"""STOP, START and reports over HTTP: what they stop, cancel and allow, and which of them is a repeat."""

from datetime import timedelta

import pytest

from tests.api.client import Caller, problem
from tests.api.gateway import REPLY, CallingGateway
from tests.api.service import OUR_NUMBER, REPORT_LOCK_SECONDS, WEBHOOK_SECRET, Service
from tests.api.texting import kept, texts
from tests.contract.service import NUMBER


@pytest.mark.parametrize("written", ["07400123456", "447400123456", "00447400123456", "+447400123456"])
def test_a_stop_holds_however_its_sender_is_written(
    shop: Caller, service: Service, gateway: CallingGateway, written: str
) -> None:
    stop = {**REPLY, "from": written, "to": OUR_NUMBER[1:], "text": "STOP"}
    assert gateway.tell(gateway.inbound, stop, WEBHOOK_SECRET).status_code == 204
    assert [reply.meaning for reply in kept(service)] == ["stop"]
    assert problem(shop.send(NUMBER)) == (403, "opted_out")


WITHOUT_A_TIME: list[object] = [None, "yesterday", "1970-01-01T00:00:00Z", 0, "", {"at": 1}]


def stop_at(received_at: object, text: str = "STOP") -> dict[str, object]:
    """A STOP of that time; of None without one."""
    told = {name: value for name, value in REPLY.items() if name != "receivedAt"}
    return {**told, "text": text, **({} if received_at is None else {"receivedAt": received_at})}


@pytest.mark.parametrize(
    "received_at",
    ["2026-02-21T12:00:00Z", "2024-03-01T12:00:00Z", 1772107200, 1772107200000, *WITHOUT_A_TIME],
)
def test_a_stop_is_never_too_old_and_needs_no_time(
    shop: Caller, gateway: CallingGateway, service: Service, received_at: object
) -> None:
    for _ in range(3):
        assert gateway.tell(gateway.inbound, stop_at(received_at), WEBHOOK_SECRET).status_code == 204
    assert problem(shop.send()) == (403, "opted_out")
    assert service.count("replies") == 1


def test_an_old_stop_that_is_posted_again_after_a_start_is_a_repeat(
    shop: Caller, gateway: CallingGateway
) -> None:
    old = stop_at("2026-02-01T12:00:00Z")
    gateway.tell(gateway.inbound, old, WEBHOOK_SECRET)
    texts(gateway, "START")
    gateway.tell(gateway.inbound, old, WEBHOOK_SECRET)
    assert shop.sent()


@pytest.mark.parametrize("received_at", WITHOUT_A_TIME)
def test_a_second_stop_without_a_time_is_not_taken_for_a_repeat_of_the_first(
    shop: Caller, gateway: CallingGateway, service: Service, received_at: object
) -> None:
    for text in ("STOP", "START", "STOP"):
        gateway.tell(gateway.inbound, stop_at(received_at, text), WEBHOOK_SECRET)
        service.clock.move(60)
    assert problem(shop.send()) == (403, "opted_out")


def test_without_a_time_the_same_words_of_another_day_are_another_sms(
    gateway: CallingGateway, service: Service
) -> None:
    for seconds in (0, 1, 86_399):
        service.clock.move(seconds)
        gateway.tell(gateway.inbound, stop_at(None, "who?"), WEBHOOK_SECRET)
    assert [reply.received_at for reply in kept(service)] == [
        service.clock(),
        service.clock() - timedelta(days=1),
    ]


def test_after_stop_every_send_is_refused_and_start_allows_it_again(
    shop: Caller, bank: Caller, rehearsing: Caller, gateway: CallingGateway, sent: str, service: Service
) -> None:
    texts(gateway, "STOP")
    service.clock.move(31)
    assert problem(shop.send()) == (403, "opted_out")
    assert problem(bank.send()) == (403, "opted_out")
    assert problem(shop.resend(sent)) == (403, "opted_out")
    assert shop.sent("+447400123457")
    assert rehearsing.sent()
    texts(gateway, "START")
    assert shop.sent()


def test_a_report_cancels_what_is_pending_and_refuses_more_for_a_while(
    shop: Caller, gateway: CallingGateway, sent: str, service: Service, stranger: Caller
) -> None:
    texts(gateway, "Not me.")
    found = shop.read(sent).json
    assert (found["status"], found["reason"]) == ("canceled", "reported by the person")
    assert problem(shop.check(sent, service.gateway.codes[0])) == (410, "already_over")
    refused = shop.send()
    assert problem(refused) == (429, "number_reported")
    assert refused.headers["Retry-After"] == str(REPORT_LOCK_SECONDS)
    metrics = stranger.simulate_get("/metrics").text
    assert 'otp_refused_total{reason="number_reported"} 1.0' in metrics
    assert len(service.notices) == 1


def test_an_unsigned_stop_stops_nothing(shop: Caller, gateway: CallingGateway) -> None:
    assert problem(gateway.tell(gateway.inbound, {**REPLY, "text": "STOP"})) == (401, "unauthenticated")
    assert shop.sent()
