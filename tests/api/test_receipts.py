"""What a gateway tells of an SMS it took."""

from typing import Any

import pytest

from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.store import receipts
from tests.api.client import Caller, problem
from tests.api.gateway import CallingGateway
from tests.api.service import GATEWAY, MODEM, WEBHOOK_SECRET, Service
from tests.contract.service import OFFLINE


def test_a_receipt_says_how_far_the_sms_came(
    shop: Caller, service: Service, gateway: CallingGateway, sent: str
) -> None:
    service.clock.move(4)
    taken = gateway.tell(gateway.path_of(sent), {"status": "delivered"})
    assert (taken.status_code, taken.text) == (204, "")
    delivery = shop.read(sent).json["delivery"]
    assert (delivery["status"], delivery["delivered_at"]) == ("delivered", "2026-03-01T12:00:04Z")


def test_a_receipt_told_by_a_get_is_answered_as_kannel_wants_it(
    stranger: Caller, gateway: CallingGateway, sent: str
) -> None:
    taken = stranger.simulate_get(gateway.path_of(sent), params={"d": "1"})
    assert (taken.status_code, taken.text) == (200, "")


@pytest.mark.parametrize(
    ("words", "end"),
    [
        (["delivered", "sent"], "delivered"),
        (["delivered", "failed"], "undelivered"),
        (["delivered", "failed", "delivered"], "undelivered"),
        (["delivered", "delivered"], "delivered"),
        (["failed", "sent"], "undelivered"),
        (["failed", "delivered"], "delivered"),
        (["sent", "delivered", "sent", "failed"], "undelivered"),
    ],
    ids=repr,
)
def test_receipts_only_move_forward(
    shop: Caller, service: Service, gateway: CallingGateway, sent: str, words: list[str], end: str
) -> None:
    for word in words:
        service.clock.move(1)
        assert gateway.tell(gateway.path_of(sent), {"status": word}).status_code == 204
    assert shop.read(sent).json["delivery"]["status"] == end


def test_a_receipt_can_overtake_the_gateways_own_answer(shop: Caller, gateway: CallingGateway) -> None:
    verification_id = shop.sent()
    gateway.tell(gateway.path_of(verification_id), {"status": "sent"})
    told = shop.read(verification_id).json
    assert (told["delivery"]["status"], told["expires_at"]) == ("sent", "2026-03-01T12:05:00Z")


def test_a_receipt_is_for_the_delivery_of_its_token_and_no_other(
    shop: Caller, service: Service, gateway: CallingGateway, sent: str
) -> None:
    other = shop.sent("+447400123457")
    service.deliver_queued()
    gateway.tell(gateway.path_of(sent), {"status": "delivered", "ref": f"{other}.1"})
    assert shop.read(other).json["delivery"]["status"] == "sent"


@pytest.mark.parametrize("by", ["ref", "id"])
def test_a_signed_receipt_at_the_inbound_webhook_finds_its_delivery(
    shop: Caller, gateway: CallingGateway, sent: str, by: str
) -> None:
    name = {"ref": f"{sent}.1", "id": "msg_1"}[by]
    gateway.tell(gateway.inbound, {"status": "delivered", by: name}, WEBHOOK_SECRET)
    assert shop.read(sent).json["delivery"]["status"] == "delivered"


def test_a_receipt_that_names_no_sms_moves_none(
    shop: Caller, service: Service, gateway: CallingGateway
) -> None:
    """Not even one of which the gateway told no id."""
    service.gateway.outcomes = [Outcome(OutcomeKind.ACCEPTED, "accepted by the gateway")]
    verification_id = shop.sent()
    service.deliver_queued()
    gateway.tell(gateway.inbound, {"status": "delivered"}, WEBHOOK_SECRET)
    assert shop.read(verification_id).json["delivery"]["status"] == "sent"


@pytest.mark.parametrize("by", ["reference", "message_id"])
def test_a_gateway_knows_no_delivery_of_another_one(service: Service, sent: str, by: str) -> None:
    names = {"reference": (f"{sent}.1", None), "message_id": (None, "msg_1")}[by]
    assert receipts.delivery_of(service.db, GATEWAY, *names) == f"{sent}.1"
    assert receipts.delivery_of(service.db, MODEM, *names) is None


def test_a_wrong_token_is_shut_out(shop: Caller, gateway: CallingGateway, sent: str) -> None:
    path = gateway.path_of(sent)
    other = path.replace(sent, "ver_" + "0" * 26)
    for wrong in (
        path[:-1],
        path[:-1] + "g",
        other,
        f"{path}0",
        gateway.inbound[:-1],
        path + "%00",
        path + "%ff",
    ):
        answer = gateway.tell(wrong, {"status": "delivered"}, WEBHOOK_SECRET)
        assert problem(answer) == (401, "unauthenticated")
    assert shop.read(sent).json["delivery"]["status"] == "sent"


def test_an_unknown_gateway_is_not_found(gateway: CallingGateway, sent: str) -> None:
    path = gateway.path_of(sent).replace(GATEWAY, "another")
    assert problem(gateway.tell(path, {"status": "delivered"})) == (404, "not_found")


def test_an_oversized_callback_is_not_read(gateway: CallingGateway, sent: str) -> None:
    for path in (gateway.inbound, gateway.path_of(sent)):
        answer = gateway.post(path, b" " * (64 * 1024 + 1), WEBHOOK_SECRET)
        assert problem(answer) == (413, "body_too_large")


JUNK: list[Any] = [
    b"",
    b"junk",
    b"\xff\xfe",
    b"[" * 60_000,
    b"9" * 60_000,
    b"null",
    b"[]",
    b"{}",
    b'{"status": 7}',
    b'{"status": ["delivered"]}',
    b'{"status": "delivered-ish"}',
    b'{"data": {"status": null}}',
    b'{"event": "message.received"}',
    b'{"event": "message.received", "from": 1, "text": 2, "receivedAt": 3}',
]


@pytest.mark.parametrize("body", JUNK, ids=lambda body: repr(body[:40]))
def test_junk_with_a_right_token_changes_nothing(
    shop: Caller, service: Service, gateway: CallingGateway, sent: str, body: bytes
) -> None:
    before = shop.read(sent).json
    assert gateway.post(gateway.path_of(sent), body).status_code == 204
    assert gateway.post(gateway.inbound, body, WEBHOOK_SECRET).status_code == 204
    assert shop.read(sent).json == before
    assert service.count("replies") == 0


def test_the_token_is_not_logged(gateway: CallingGateway, sent: str, logged: list[dict[str, object]]) -> None:
    gateway.tell(gateway.path_of(sent), {"status": "delivered"})
    assert gateway.path_of(sent).rpartition(".")[2] not in str(logged)


@pytest.mark.parametrize(("word", "tried"), [("sent", 1), ("delivered", 1), ("failed", 0)])
def test_a_receipt_from_the_phone_has_a_gateway_that_is_away_tried_at_once(
    shop: Caller, service: Service, gateway: CallingGateway, sent: str, word: str, tried: int
) -> None:
    service.gateway.outcomes = [OFFLINE]
    for n in range(3):
        shop.sent(f"+44740012346{n}")
    service.deliver_queued()
    service.clock.move(0.5)
    assert service.expirer.enqueue_due(service.clock()) == 0
    gateway.tell(gateway.path_of(sent), {"status": word})
    assert service.expirer.enqueue_due(service.clock()) == tried


def test_who_is_not_the_gateway_shows_no_life(
    shop: Caller, stranger: Caller, service: Service, gateway: CallingGateway, sent: str
) -> None:
    service.gateway.outcomes = [OFFLINE]
    for n in range(3):
        shop.sent(f"+44740012346{n}")
    service.deliver_queued()
    service.clock.move(0.5)
    forged = stranger.simulate_post(f"{gateway.path_of(sent)}x", json={"status": "delivered"})
    assert forged.status_code == 401
    assert service.expirer.enqueue_due(service.clock()) == 0
