"""What people answer to an SMS."""

import json

import pytest

from otp_worker.store import notifications
from tests.api.client import Caller, problem
from tests.api.gateway import REPLY, CallingGateway
from tests.api.service import OUR_NUMBER, WEBHOOK_SECRET, Service
from tests.api.texting import kept, texts
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


@pytest.mark.parametrize("odd", ["\ud83d", "a\x00b", "\u202e", ""], ids=repr)
def test_no_text_a_phone_can_send_is_too_odd(service: Service, gateway: CallingGateway, odd: str) -> None:
    assert gateway.tell(gateway.inbound, {**REPLY, "text": odd}, WEBHOOK_SECRET).status_code == 204
    assert service.count("replies") == 1


def test_each_reply_says_what_it_did(gateway: CallingGateway, service: Service, sent: str) -> None:
    for text in ("STOP", "START", "no", "who are you?"):
        texts(gateway, text)
        service.clock.move(1)
    assert [reply.meaning for reply in reversed(kept(service))] == ["stop", "start", "report", "other"]


def test_what_one_of_our_own_sims_says_is_no_reply(service: Service, gateway: CallingGateway) -> None:
    """A canary, or the answer of an auto-responder to one."""
    ours = {**REPLY, "from": OUR_NUMBER[1:], "text": "otp-worker canary 01JZZZZZZZZZZZZZZZZZZZZZZZ"}
    assert gateway.tell(gateway.inbound, ours, WEBHOOK_SECRET).status_code == 204
    assert service.count("replies") == 0
