"""textbee's callbacks: who signed them, and what they say."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.gateway import CallbackRequest, Receipt, ReceiptKind, Reply
from otp_worker.gateways.textbee import Textbee

SECRET = "a signing secret of the webhook"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DEVICE = "65f0000000000000000000aa"
BATCH = "65f0000000000000000000bb"
GATEWAY = Textbee("phone", "https://gateway.example/api/v1", "key", DEVICE, SECRET)
TEXT = "Your code is 123456"

# As webhook.service.ts makes them.
RECEIPT: dict[str, object] = {
    "smsId": "65f0000000000000000000cc",
    "message": TEXT,
    "deviceId": DEVICE,
    "webhookSubscriptionId": "65f0000000000000000000dd",
    "webhookEvent": "MESSAGE_SENT",
    "idempotencyKey": "9f8c7c1e-0f5a-4f6e-8b59-000000000000",
    "smsBatchId": BATCH,
    "status": "sent",
    "recipient": "+447400123456",
    "sentAt": "2026-01-01T12:00:00.000Z",
}
INBOUND: dict[str, object] = {
    "smsId": "65f0000000000000000000cc",
    "message": "STOP",
    "deviceId": DEVICE,
    "webhookSubscriptionId": "65f0000000000000000000dd",
    "webhookEvent": "MESSAGE_RECEIVED",
    "idempotencyKey": "9f8c7c1e-0f5a-4f6e-8b59-000000000000",
    "sender": "+447400123456",
    "receivedAt": "2026-01-01T12:00:00.000Z",
}


def read(told: object) -> list[Receipt | Reply]:
    return GATEWAY.read_callback(CallbackRequest({}, json.dumps(told).encode()))


def reply(**changes: object) -> Reply:
    (event,) = read({**INBOUND, **changes})
    assert isinstance(event, Reply)
    return event


@pytest.mark.parametrize(
    ("kind", "receipt"),
    [
        ("MESSAGE_SENT", ReceiptKind.SENT),
        ("MESSAGE_DELIVERED", ReceiptKind.DELIVERED),
        ("MESSAGE_FAILED", ReceiptKind.UNDELIVERED),
    ],
)
def test_a_message_that_came_so_far_is_a_receipt_without_its_text(kind: str, receipt: ReceiptKind) -> None:
    events = read({**RECEIPT, "webhookEvent": kind, "errorMessage": TEXT})
    assert events == [Receipt(receipt, None, BATCH)]
    assert "123456" not in repr(events)


@pytest.mark.parametrize(
    "kind", ["UNKNOWN_STATE", "SMS_STATUS_UPDATED", "message_sent", "", None, ["MESSAGE_SENT"]]
)
def test_every_other_event_says_nothing(kind: object) -> None:
    assert read({**INBOUND, **RECEIPT, "webhookEvent": kind}) == []


@pytest.mark.parametrize("batch", [None, "", 7, [BATCH]])
def test_a_receipt_of_no_batch_says_nothing(batch: object) -> None:
    assert read({**RECEIPT, "smsBatchId": batch}) == []


@pytest.mark.parametrize("device", [None, "", "65f0000000000000000000ab", [DEVICE]])
def test_what_another_phone_of_the_account_did_is_not_ours(device: object) -> None:
    assert read({**RECEIPT, "deviceId": device}) == []
    assert read({**INBOUND, "deviceId": device}) == []


def test_an_sms_that_came_in_is_a_reply_with_its_text() -> None:
    event = reply()
    assert (event.number, event.text, event.reference, event.to) == ("+447400123456", "STOP", None, None)
    assert event.received_at == NOW


def test_halves_of_characters_and_nul_do_not_reach_the_database() -> None:
    event = reply(message="ok\0 \ud83d", sender="4474\x0000")
    assert (event.text, event.number) == ("ok ?", "447400")


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": None},
        {"sender": ""},
        {"sender": 447400123456},
        {"message": None},
        {"message": ["STOP"]},
    ],
)
def test_a_reply_without_its_parts_says_nothing(changes: dict[str, object]) -> None:
    assert read({**INBOUND, **changes}) == []


def test_a_reply_that_is_posted_again_or_reported_twice_is_one() -> None:
    again = reply(smsId="65f0000000000000000000ce", idempotencyKey="another")
    assert again.dedupe_key == reply().dedupe_key


@pytest.mark.parametrize(
    "changes",
    [{"sender": "+447400123457"}, {"message": "stop"}, {"receivedAt": "2026-01-01T12:00:00.001Z"}],
)
def test_another_reply_has_another_key(changes: dict[str, object]) -> None:
    assert reply(**changes).dedupe_key != reply().dedupe_key


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def judged(body: bytes, given: str, now: datetime = NOW, gateway: Textbee = GATEWAY) -> bool | None:
    return gateway.signature_is_good(CallbackRequest({"x-signature": given}, body), now)


def test_the_right_signature_over_the_raw_body_is_good() -> None:
    body = '{"message" : "\u00e9"}\n'.encode()
    assert judged(body, signature(body)) is True


def test_a_signature_has_no_time_so_that_an_old_one_is_as_good_as_a_new_one() -> None:
    # The vendor tries for a month; what is posted again changes nothing.
    body = json.dumps(INBOUND).encode()
    assert judged(body, signature(body), NOW + timedelta(days=30)) is True


@pytest.mark.parametrize(
    "given_signature",
    [
        "",
        "0",
        signature(b"{}", "another secret"),
        signature(b"{} "),
        f"sha256={signature(b'{}')}",
        signature(b"{}").upper(),
        signature(b"{}") + "0",
        "\u00e9",
    ],
)
def test_any_other_signature_is_wrong(given_signature: str) -> None:
    assert judged(b"{}", given_signature) is False


def test_a_callback_without_a_signature_is_not_judged() -> None:
    assert GATEWAY.signature_is_good(CallbackRequest({}, b"{}"), NOW) is None


@pytest.mark.parametrize("secret", [None, ""])
def test_a_signature_that_cannot_be_judged_is_wrong(secret: str | None) -> None:
    gateway = Textbee("phone", "https://gateway.example/api/v1", "key", DEVICE, secret)
    assert judged(b"{}", signature(b"{}", ""), gateway=gateway) is False


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
changes = st.dictionaries(st.sampled_from([*RECEIPT, *INBOUND]), values)


@given(st.sampled_from([RECEIPT, INBOUND, {}]), changes)
def test_no_event_ever_raises(whole: dict[str, object], changed: dict[str, object]) -> None:
    for event in read({**whole, **changed}):
        assert isinstance(event, Receipt | Reply)


@given(st.binary())
def test_no_body_ever_raises(body: bytes) -> None:
    assert GATEWAY.read_callback(CallbackRequest({}, body)) == []
