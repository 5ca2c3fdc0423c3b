"""What comes in through the Kannel adapter."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.gateway import CallbackRequest, Gateway, Receipt, ReceiptKind, Reply
from tests.contract.gateways.adapter import SIM_NUMBER, message
from tests.contract.gateways.contract import AdapterContract
from tests.devtools.simulator.rehearsal import ListeningApp

REPLY = {"from": "447400123456", "to": "+447700900000", "text": "who are you?", "at": "2026-03-01 12:00:00"}
RECEIPT_KINDS = {
    "1": ReceiptKind.DELIVERED,
    "2": ReceiptKind.UNDELIVERED,
    "8": ReceiptKind.SENT,
    "16": ReceiptKind.UNDELIVERED,
}


class KannelCallbacks(AdapterContract):
    @pytest.mark.parametrize("kinds", [["1", "8"], ["8", "1"], ["8", "2"], ["16"], ["8", "4", "1"]], ids=repr)
    def test_receipts_are_read_in_any_order(self, gateway: Gateway, kinds: list[str]) -> None:
        read = [gateway.read_callback(CallbackRequest({}, b"", {"d": kind})) for kind in kinds]
        assert read == [
            [Receipt(RECEIPT_KINDS[kind], None, None)] if kind in RECEIPT_KINDS else [] for kind in kinds
        ]

    def test_a_failed_sms_is_undelivered(self, phone: Simulator, gateway: Gateway, app: ListeningApp) -> None:
        phone.knobs.set(receipts=["failed"])
        gateway.send(message(callback_url=f"{app.url}/cb"))
        assert parse_qs(urlsplit(app.wait_for(1)[0].path).query) == {"d": ["2"]}

    @pytest.mark.parametrize("value", ["", "0", "3", "32", "1 ", "delivered", "١"])  # noqa: RUF001
    def test_a_receipt_of_another_kind_says_nothing(self, gateway: Gateway, value: str) -> None:
        assert gateway.read_callback(CallbackRequest({}, b"", {**REPLY, "d": value})) == []

    def test_a_reply_is_read_with_its_number_its_instant_and_the_sim_it_came_to(
        self, gateway: Gateway
    ) -> None:
        (reply,) = gateway.read_callback(CallbackRequest({}, b"", REPLY))
        assert isinstance(reply, Reply)
        assert (reply.number, reply.to, reply.text) == ("447400123456", SIM_NUMBER, "who are you?")
        assert reply.received_at == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    @pytest.mark.parametrize("missing", ["from", "text"])
    def test_without_a_number_and_a_text_there_is_no_reply(self, gateway: Gateway, missing: str) -> None:
        told = {name: value for name, value in REPLY.items() if name != missing}
        assert gateway.read_callback(CallbackRequest({}, b"", told)) == []

    @pytest.mark.parametrize(
        "other", [{"text": "STOP"}, {"at": "2026-03-01 12:00:01"}, {"from": "+447400123457"}]
    )
    def test_another_text_instant_or_number_is_another_reply(
        self, gateway: Gateway, other: dict[str, str]
    ) -> None:
        replies = [
            event
            for query in (REPLY, {**REPLY, "id": "another id of Kannel's own"}, {**REPLY, **other})
            for event in gateway.read_callback(CallbackRequest({}, b"", query))
        ]
        keys = [event.dedupe_key for event in replies if isinstance(event, Reply)]
        assert keys[0] == keys[1] != keys[2]

    @given(
        query=st.dictionaries(st.sampled_from(["d", *REPLY]) | st.text(), st.text())
        | st.fixed_dictionaries({name: st.text() | st.just(value) for name, value in REPLY.items()}),
        body=st.binary(),
    )
    @example(query={**REPLY, "from": "1\0", "text": "\0\ud800"}, body=b"")
    def test_no_callback_ever_raises(self, query: dict[str, str], body: bytes) -> None:
        gateway = self.open("http://gateway.invalid")
        request = CallbackRequest({}, body, query)
        for event in gateway.read_callback(request):
            # Nor does it hold what some database would refuse.
            assert isinstance(event, Receipt) or b"\0" not in (event.number + event.text).encode()
        assert gateway.signature_is_good(request, datetime.now(UTC)) is None
