"""What people answer to an SMS."""

import json
from datetime import timedelta

import pytest

from otp_worker.store import notifications
from otp_worker.store.receipts import StoredReply, newest_replies
from tests.api.client import Caller, problem
from tests.api.gateway import REPLY, CallingGateway
from tests.api.service import OUR_NUMBER, REPORT_LOCK_SECONDS, WEBHOOK_SECRET, Service
from tests.contract.service import NUMBER


@pytest.mark.parametrize("body", [json.dumps(REPLY).encode(), b"junk", b"", b"[" * 50_000], ids=repr)
def test_a_wrong_signature_is_shut_out_before_anything_is_read(
    service: Service, gateway: CallingGateway, sent: str, body: bytes
) -> None:
    for path in (gateway.inbound, gateway.path_of(sent)):
        assert problem(gateway.post(path, body, "whsec_of_a_stranger")) == (401, "unauthenticated")
    assert service.count("replies") == 0


@pytest.mark.parametrize("signed", ["", "sha256=", "sha256=00", "sha1=00", "\u00e9", "00"])
def test_a_signature_of_another_kind_is_wrong(stranger: Caller, gateway: CallingGateway, signed: str) -> None:
    answer = stranger.simulate_post(gateway.inbound, json=REPLY, headers={"X-MAC-Signature": signed})
    assert problem(answer) == (401, "unauthenticated")


def test_an_unsigned_reply_is_shut_out(service: Service, gateway: CallingGateway, sent: str) -> None:
    for path in (gateway.inbound, gateway.path_of(sent)):
        assert problem(gateway.tell(path, REPLY)) == (401, "unauthenticated")
    assert service.count("replies") == 0


def test_a_signed_reply_is_kept_once_however_often_it_comes(
    service: Service, gateway: CallingGateway, sent: str
) -> None:
    for _ in range(3):
        assert gateway.tell(gateway.inbound, REPLY, WEBHOOK_SECRET).status_code == 204
    [reply] = kept(service)
    assert (reply.text, reply.verification_id, reply.app) == ("who are you?", sent, "shop")
    assert (reply.number, reply.number_masked) == (NUMBER, "+44********56")
    assert notifications.due_notices(service.db, service.clock(), 10) == service.notices
    assert len(service.notices) == 1


@pytest.mark.parametrize("written", ["07400123456", "447400123456", "00447400123456", "+447400123456"])
def test_a_stop_holds_however_its_sender_is_written(
    shop: Caller, service: Service, gateway: CallingGateway, written: str
) -> None:
    stop = {**REPLY, "from": written, "to": OUR_NUMBER[1:], "text": "STOP"}
    assert gateway.tell(gateway.inbound, stop, WEBHOOK_SECRET).status_code == 204
    assert [reply.meaning for reply in kept(service)] == ["stop"]
    assert problem(shop.send(NUMBER)) == (403, "opted_out")


@pytest.mark.parametrize("written", ["VODAFONE", "12345"])
def test_a_short_code_or_a_name_is_kept_as_it_came(
    service: Service, gateway: CallingGateway, written: str
) -> None:
    gateway.tell(gateway.inbound, {**REPLY, "from": written}, WEBHOOK_SECRET)
    assert [(reply.number, reply.number_masked) for reply in kept(service)] == [(written, written)]


def test_a_reply_belongs_to_the_newest_verification_of_its_number(
    bank: Caller, service: Service, gateway: CallingGateway, sent: str
) -> None:
    service.clock.move(1)
    newest = bank.sent()
    bank.cancel(newest)
    service.clock.move(1)
    bank.sent("+447400123457")
    gateway.tell(gateway.inbound, REPLY, WEBHOOK_SECRET)
    [reply] = kept(service)
    assert (reply.verification_id, reply.app) == (newest, "bank")


def test_a_reply_from_a_number_we_never_wrote_to_is_kept_too(
    service: Service, gateway: CallingGateway
) -> None:
    gateway.tell(gateway.inbound, REPLY, WEBHOOK_SECRET)
    [reply] = kept(service)
    assert (reply.verification_id, reply.app) == (None, None)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("123456", "****"),
        ("it is 12 34 56, thanks", "it is ****, thanks"),
        ("code: 123-456!", "code: ****!"),
        ("\u0661\u0662\u0663\u0664", "****"),
        ("891.352", "****"),
        ("891  352", "****"),
        ("891/352", "****"),
        ("891\n352", "****"),
        ("891\r\n  352", "****"),
        ("891\u00a0352", "****"),
        ("891\u2013352", "****"),
        ("891 \u2014 352", "****"),
        ("891\u200b352", "****"),
        ("891_352", "****"),
        ("8.9.1.3.5.2", "****"),
        ("8, 9, 1, 3, 5, 2", "****"),
        ("(891) 352", "(****"),
        ("891...352", "****"),
        ("891 \u00b7 352", "****"),
        ("8\ufe0f\u20e39\ufe0f\u20e31\ufe0f\u20e33\ufe0f\u20e3", "****\ufe0f\u20e3"),
        ("\uff18\uff19\uff11\uff13", "****"),
        ("\u2467\u2468\u2460 \u00b3\u2075\u00b2", "****"),
        ("x" * 1597 + "891352", "x" * 1597 + "***"),
        ("on 5 May at 7 pm", "on 5 May at 7 pm"),
        ("I am 34, he 5", "I am 34, he 5"),
        ("room 101", "room 101"),
        ("x" * 2000, "x" * 1600),
    ],
    ids=lambda text: text[:20],
)
def test_what_could_be_a_code_is_starred_out(
    service: Service, gateway: CallingGateway, text: str, stored: str
) -> None:
    gateway.tell(gateway.inbound, {**REPLY, "text": text}, WEBHOOK_SECRET)
    assert [reply.text for reply in kept(service)] == [stored]


def test_a_reply_is_kept_with_the_time_that_its_gateway_got_it(
    service: Service, gateway: CallingGateway
) -> None:
    at = service.clock()
    service.clock.move(3600)
    gateway.tell(gateway.inbound, REPLY, WEBHOOK_SECRET)
    assert [reply.received_at for reply in kept(service)] == [at]


def test_a_reply_of_just_a_week_is_none_yet(service: Service, gateway: CallingGateway) -> None:
    old = {**REPLY, "receivedAt": "2026-02-22T12:00:00Z"}
    gateway.tell(gateway.inbound, old, WEBHOOK_SECRET)
    assert service.count("replies") == 1


def test_a_reply_of_last_week_is_a_replay(service: Service, gateway: CallingGateway) -> None:
    old = {**REPLY, "receivedAt": "2026-02-22T11:59:59Z"}
    assert gateway.tell(gateway.inbound, old, WEBHOOK_SECRET).status_code == 204
    assert service.count("replies") == 0


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


@pytest.mark.parametrize("odd", ["\ud83d", "a\x00b", "\u202e", ""], ids=repr)
def test_no_text_a_phone_can_send_is_too_odd(service: Service, gateway: CallingGateway, odd: str) -> None:
    assert gateway.tell(gateway.inbound, {**REPLY, "text": odd}, WEBHOOK_SECRET).status_code == 204
    assert service.count("replies") == 1


def texts(gateway: CallingGateway, text: str) -> None:
    """The person answers with these words."""
    assert gateway.tell(gateway.inbound, {**REPLY, "text": text}, WEBHOOK_SECRET).status_code == 204


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


def test_each_reply_says_what_it_did(gateway: CallingGateway, service: Service, sent: str) -> None:
    for text in ("STOP", "START", "no", "who are you?"):
        texts(gateway, text)
        service.clock.move(1)
    assert [reply.meaning for reply in reversed(kept(service))] == ["stop", "start", "report", "other"]


def kept(service: Service) -> list[StoredReply]:
    """The replies in the database."""
    return newest_replies(service.db, 10)


def test_what_one_of_our_own_sims_says_is_no_reply(service: Service, gateway: CallingGateway) -> None:
    """A canary, or the answer of an auto-responder to one."""
    ours = {**REPLY, "from": OUR_NUMBER[1:], "text": "otp-worker canary 01JZZZZZZZZZZZZZZZZZZZZZZZ"}
    assert gateway.tell(gateway.inbound, ours, WEBHOOK_SECRET).status_code == 204
    assert service.count("replies") == 0
