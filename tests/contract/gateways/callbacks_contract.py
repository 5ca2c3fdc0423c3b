"""What holds for every adapter when its vendor posts something."""

from datetime import UTC, datetime, timedelta

import pytest

from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.gateway import CallbackRequest, Gateway, Receipt, ReceiptKind, Reply
from tests.contract.gateways.adapter import (
    NOW,
    NUMBER,
    REFERENCE,
    SECRET,
    SIM_NUMBER,
    Adapter,
    message,
    request_of,
)
from tests.devtools.simulator.rehearsal import ListeningApp


class CallbackContract(Adapter):
    """A part of ``AdapterContract``."""

    def test_its_receipts_are_signed_where_it_signs_and_move_forward(
        self, phone: Simulator, gateway: Gateway, app: ListeningApp
    ) -> None:
        if not gateway.capabilities.push:
            assert gateway.read_callback(CallbackRequest({}, b'{"status": "sent"}')) == []
            return
        self.subscribe(phone, app.url)
        gateway = self.open(phone.url, webhook_secret=SECRET)
        outcome = gateway.send(message(callback_url=f"{app.url}/cb"))
        requests = [request_of(heard) for heard in app.wait_for(2)]
        receipts = [event for request in requests for event in gateway.read_callback(request)]
        assert [event.kind for event in receipts if isinstance(event, Receipt)] == [
            ReceiptKind.SENT,
            ReceiptKind.DELIVERED,
        ]
        for event in receipts:
            assert isinstance(event, Receipt)
            assert "cb" in app.wait_for(1)[0].path or event.reference or event.message_id
            assert event.reference in (None, REFERENCE)
            assert event.message_id in (None, outcome.message_id)
        wanted = True if gateway.capabilities.signature else None
        assert [gateway.signature_is_good(each, datetime.now(UTC)) for each in requests] == [wanted] * 2

    def test_an_sms_that_comes_in_is_one_reply_however_often_it_is_posted(
        self, phone: Simulator, app: ListeningApp
    ) -> None:
        self.subscribe(phone, app.url)
        gateway = self.open(phone.url, webhook_secret=SECRET)
        app.answers = [500]
        phone.reply(NUMBER, "who are you?")
        first, again = (request_of(heard) for heard in app.wait_for(2))
        (reply,) = gateway.read_callback(first)
        (repeated,) = gateway.read_callback(again)
        assert isinstance(reply, Reply)
        assert isinstance(repeated, Reply)
        assert (reply.number.removeprefix("+"), reply.text) == (NUMBER[1:], "who are you?")
        assert reply.to in (None, SIM_NUMBER, SIM_NUMBER[1:])
        assert reply.dedupe_key == repeated.dedupe_key
        assert reply.received_at is not None
        assert abs(reply.received_at - datetime.now(UTC)) < timedelta(minutes=1)
        phone.reply(NUMBER, "STOP")
        (other,) = gateway.read_callback(request_of(app.wait_for(3)[2]))
        assert isinstance(other, Reply)
        assert other.dedupe_key != reply.dedupe_key

    def test_a_callback_that_somebody_else_signed_or_changed_is_refused(
        self, phone: Simulator, app: ListeningApp
    ) -> None:
        gateway = self.open(phone.url, webhook_secret=SECRET)
        if not gateway.capabilities.signature:
            assert gateway.signature_is_good(CallbackRequest({}, b"{}"), NOW) is None
            return
        self.subscribe(phone, app.url)
        phone.reply(NUMBER, "hello")
        good = request_of(app.wait_for(1)[0])
        now = datetime.now(UTC)
        assert gateway.signature_is_good(good, now) is True
        assert self.open(phone.url, webhook_secret="whsec_another").signature_is_good(good, now) is False
        assert self.open(phone.url).signature_is_good(good, now) is False
        assert gateway.signature_is_good(CallbackRequest({}, good.body), now) is None
        if self.signature_covers_the_body:
            changed = CallbackRequest(good.headers, good.body + b" ")
            assert gateway.signature_is_good(changed, now) is False

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"not json",
            b"null",
            b"[" * 100_000,
            b"\xff\xfe{}",
            b"9" * 5000,
            b'{"data": {"data": 7}}',
            b"[]",
        ],
    )
    def test_a_callback_that_says_nothing_of_use_is_no_event(self, body: bytes) -> None:
        assert self.open("http://gateway.invalid").read_callback(CallbackRequest({}, body)) == []
