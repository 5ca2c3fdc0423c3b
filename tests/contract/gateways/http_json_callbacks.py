"""What comes in through the adapter for gateways described by configuration."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otp_worker.domain.gateway import CallbackRequest, Gateway, Receipt, ReceiptKind, Reply
from otp_worker.gateways.http_json import HttpJsonAccount
from tests.contract.gateways.adapter import NOW, REFERENCE, SECRET
from tests.contract.gateways.contract import AdapterContract

LEAST = {
    "kind": "http_json",
    "url": "http://gateway.invalid/sms",
    "key": "k",
    "body": {"a": "{to}", "b": "{text}"},
}


def described(**fields: Any) -> HttpJsonAccount:
    """The least account, with these fields."""
    return HttpJsonAccount.model_validate({**LEAST, **fields})


def told(body: object) -> CallbackRequest:
    """A callback with this body."""
    return CallbackRequest({}, json.dumps(body).encode())


class HttpJsonCallbacks(AdapterContract):
    @pytest.mark.parametrize(
        ("state", "kind"),
        [
            ("sent", ReceiptKind.SENT),
            (" Delivered ", ReceiptKind.DELIVERED),
            ("failed", ReceiptKind.UNDELIVERED),
            ("7", ReceiptKind.UNREACHABLE),
            (7, ReceiptKind.UNREACHABLE),
        ],
    )
    def test_a_receipt_is_known_by_its_words(self, state: object, kind: ReceiptKind) -> None:
        gateway = self.open("http://gateway.invalid", unreachable=["7"])
        body = {"data": {"id": 17, "ref": REFERENCE, "state": state}}
        assert gateway.read_callback(told(body)) == [Receipt(kind, REFERENCE, "17")]

    @pytest.mark.parametrize("state", ["", "queued", None, 1, True, ["sent"], {"sent": 1}])
    def test_a_receipt_with_another_word_says_nothing(self, gateway: Gateway, state: object) -> None:
        assert gateway.read_callback(told({"data": {"id": "m-1", "state": state}})) == []

    @pytest.mark.parametrize(
        "at",
        [
            "2026-03-01T12:00:00Z",
            "2026-03-01 12:00:00",
            1772366400,
            1772366400.0,
            "1772366400",
            1772366400000,
        ],
    )
    def test_a_reply_is_read_with_its_instant_however_it_is_written(
        self, gateway: Gateway, at: object
    ) -> None:
        data = {"from": "447400123456", "to": 447700900000, "content": "who?", "at": at}
        (reply,) = gateway.read_callback(told({"data": data}))
        assert isinstance(reply, Reply)
        assert (reply.number, reply.to, reply.text) == ("447400123456", "447700900000", "who?")
        assert reply.received_at == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    @pytest.mark.parametrize(
        "at", [None, True, "yesterday", float("nan"), 1e300, 10**400, "9" * 5000, [1], -1e18]
    )
    def test_a_reply_without_an_instant_is_a_reply(self, gateway: Gateway, at: object) -> None:
        data = {"from": "447400123456", "content": "who?", "at": at}
        (reply,) = gateway.read_callback(told({"data": data}))
        assert isinstance(reply, Reply)
        assert (reply.text, reply.received_at) == ("who?", None)

    def test_a_reply_is_one_by_its_id_or_else_by_its_meaning(self, gateway: Gateway) -> None:
        data = {"from": "447400123456", "content": "who?", "at": 1772366400}
        ones = [
            data,
            dict(data),
            {**data, "content": "STOP"},
            {**data, "id": "i"},
            {**data, "id": "i", "at": 1},
        ]
        keys = [
            event.dedupe_key
            for one in ones
            for event in gateway.read_callback(told({"data": one}))
            if isinstance(event, Reply)
        ]
        assert keys[0] == keys[1]
        assert keys[3] == keys[4]
        assert len(set(keys)) == 3

    @pytest.mark.parametrize("prefix", ["", "sha256="])
    def test_the_signature_stands_where_it_is_described(self, prefix: str) -> None:
        mac = hmac.digest(SECRET.encode(), b"{}", hashlib.sha256).hex()
        fields = {"webhook_secret": SECRET, "signature_header": "X-Sign", "signature_prefix": prefix}
        gateway = described(**fields).open("tried")
        for signed, good in ((f"{prefix}{mac}", True), (f"x{mac}", False), (mac[:-1], False), ("é", False)):
            assert gateway.signature_is_good(CallbackRequest({"x-sign": signed}, b"{}"), NOW) is good
        assert gateway.signature_is_good(CallbackRequest({"x-other": mac}, b"{}"), NOW) is None

    @given(
        body=st.binary()
        | st.fixed_dictionaries(
            {
                "data": st.dictionaries(
                    st.sampled_from(["id", "ref", "state", "from", "to", "content", "at"]) | st.text(),
                    st.recursive(
                        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("sent"),
                        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                        max_leaves=5,
                    ),
                )
            }
        ).map(lambda value: json.dumps(value).encode()),
        signature=st.text(),
    )
    @example(body=b'{"data": {"from": "1\\u0000", "content": "\\u0000\\ud800", "at": 1}}', signature="")
    def test_no_callback_ever_raises(self, body: bytes, signature: str) -> None:
        gateway = self.open("http://gateway.invalid", webhook_secret=SECRET)
        request = CallbackRequest({"x-hook-signature": signature}, body)
        for event in gateway.read_callback(request):
            # Nor does it hold what some database would refuse.
            assert isinstance(event, Receipt) or b"\0" not in (event.number + event.text).encode()
        assert gateway.signature_is_good(request, NOW) is False
