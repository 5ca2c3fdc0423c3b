"""Mobile API Connect's callbacks: who signed them, and what they say."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.gateway import CallbackRequest, Receipt, ReceiptKind, Reply
from otp_worker.gateways.mobile_api_connect import MobileApiConnect

SECRET = "whsec_rehearsal"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
GATEWAY = MobileApiConnect("phone", "https://gateway.example/v1", "sk_live_key", SECRET)

# As the vendor documents it.
INBOUND: dict[str, object] = {
    "event": "message.received",
    "from": "447400123456",
    "to": "447400999999",
    "text": "STOP",
    "ref": None,
    "receivedAt": "2026-01-01T12:00:00Z",
    "deviceId": "dev_1",
    "tenantId": "ten_1",
    "tenantName": "Shop",
}


def read(body: object) -> list[Receipt | Reply]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return GATEWAY.read_callback(CallbackRequest({}, raw))


def reply(**changes: object) -> Reply:
    (event,) = read({**INBOUND, **changes})
    assert isinstance(event, Reply)
    return event


def signature(body: bytes, secret: str = SECRET) -> str:
    return f"sha256={hmac.digest(secret.encode(), body, hashlib.sha256).hex()}"


def test_the_documented_inbound_message_is_a_reply() -> None:
    event = reply()
    assert (event.number, event.text, event.reference) == ("447400123456", "STOP", None)
    assert event.received_at == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_reply_to_a_known_message_carries_our_reference() -> None:
    assert reply(ref="ver_1.1").reference == "ver_1.1"


@pytest.mark.parametrize("sender", ["447400123456", "+447400123456", "07400123456", "12345", "VODAFONE"])
def test_the_sender_is_kept_as_it_came(sender: str) -> None:
    assert reply(**{"from": sender}).number == sender


@pytest.mark.parametrize(
    "received_at", ["2026-01-01T12:00:00", "2026-01-01T12:00:00.000Z", "2026-01-01T14:00:00+02:00"]
)
def test_every_spelling_of_the_instant_is_utc(received_at: str) -> None:
    instant = reply(receivedAt=received_at).received_at
    assert instant == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert instant.utcoffset() == timedelta(0)


def test_an_instant_without_a_zone_is_utc_wherever_the_machine_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        instant = reply(receivedAt="2026-01-01T12:00:00").received_at
    time.tzset()
    assert instant == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_halves_of_characters_and_nul_do_not_reach_the_database() -> None:
    event = reply(text="ok\0 \ud83d", **{"from": "4474\x0000"}, ref="ver\0_1")
    assert (event.text, event.number, event.reference) == ("ok ?", "447400", "ver_1")


@pytest.mark.parametrize(
    "changes",
    [
        {"from": None},
        {"from": 447400123456},
        {"from": ""},
        {"text": None},
        {"text": ["STOP"]},
    ],
)
def test_an_inbound_message_without_its_parts_says_nothing(changes: dict[str, object]) -> None:
    assert read({**INBOUND, **changes}) == []


def test_the_same_reply_posted_again_has_the_same_key() -> None:
    again = {name: INBOUND[name] for name in reversed(INBOUND)}
    (event,) = read({**again, "tenantName": "Renamed", "matchedRuleId": "rule_1"})
    assert isinstance(event, Reply)
    assert event.dedupe_key == reply().dedupe_key


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "447400123457"},
        {"text": "stop"},
        {"receivedAt": "2026-01-01T12:00:01Z"},
        {"deviceId": "dev_2"},
        {"deviceId": "dev_", "from": "1447400123456"},
    ],
)
def test_another_reply_has_another_key(changes: dict[str, object]) -> None:
    assert reply(**changes).dedupe_key != reply().dedupe_key


@pytest.mark.parametrize(
    ("body", "receipt"),
    [
        ({"ref": "r", "id": "m", "status": "sent"}, Receipt(ReceiptKind.SENT, "r", "m")),
        ({"reference": "r", "status": "DELIVERED"}, Receipt(ReceiptKind.DELIVERED, "r", None)),
        ({"messageId": "m", "state": "failed"}, Receipt(ReceiptKind.UNDELIVERED, None, "m")),
        ({"message_id": "m", "status": "rejected"}, Receipt(ReceiptKind.UNDELIVERED, None, "m")),
        ({"event": "message.delivered", "ref": "r"}, Receipt(ReceiptKind.DELIVERED, "r", None)),
        (
            {"event": "message.status", "data": {"ref": "r", "id": "m", "status": "undelivered"}},
            Receipt(ReceiptKind.UNDELIVERED, "r", "m"),
        ),
        ({"message": {"id": "m", "state": "sent"}}, Receipt(ReceiptKind.SENT, None, "m")),
        ({"status": "delivered", "ref": "", "id": "m"}, Receipt(ReceiptKind.DELIVERED, None, "m")),
        ({"status": "delivered", "ref": 7, "id": None}, Receipt(ReceiptKind.DELIVERED, None, None)),
        ({"status": "queued", "event": "message.sent"}, Receipt(ReceiptKind.SENT, None, None)),
        ({"status": "sent", "ref": "r\0\ud83d"}, Receipt(ReceiptKind.SENT, "r?", None)),
    ],
)
def test_whatever_looks_like_a_receipt_is_one(body: dict[str, object], receipt: Receipt) -> None:
    assert read(body) == [receipt]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe{}",
        b'{"status": "sent\xff"}',
        b"null",
        b'"sent"',
        b"1",
        b"9" * 5000,
        b"NaN",
        b'[{"status": "sent", "ref": "r"}]',
        b"[" * 100_000,
        b'{"data":' * 100_000,
        {},
        {"status": "queued", "ref": "r"},
        {"status": "", "ref": "r"},
        {"status": ["sent"]},
        {"data": "sent", "message": ["sent"]},
        {"event": "message.other"},
    ],
)
def test_what_says_nothing_of_use_is_no_event(body: object) -> None:
    assert read(body) == []


def test_no_depth_of_nesting_breaks_the_reader() -> None:
    inbound = json.dumps({**INBOUND, "deviceId": "DEEP"}).encode()
    for depth in range(900, 1100):
        read(inbound.replace(b'"DEEP"', b"[" * depth + b"]" * depth))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["sent", "a.failed"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from([*INBOUND, "status", "state", "id", "reference", "data", "message"])


@given(st.dictionaries(names, values) | st.binary())
def test_no_body_ever_raises(body: object) -> None:
    for event in read(body):
        assert isinstance(event, Receipt | Reply)


def test_a_callback_without_a_signature_is_not_judged() -> None:
    assert GATEWAY.signature_is_good(CallbackRequest({}, b"{}"), NOW) is None


def test_the_right_signature_over_the_raw_body_is_good() -> None:
    body = b'{"text" : "x"}\n'
    assert GATEWAY.signature_is_good(CallbackRequest({"x-mac-signature": signature(body)}, body), NOW) is True


@pytest.mark.parametrize(
    "given_signature",
    [
        "",
        "sha256=",
        signature(b"{}", "whsec_other"),
        signature(b"{} "),
        signature(b"{}").removeprefix("sha256="),
        signature(b"{}").upper(),
        signature(b"{}") + "0",
        "sha256=\u00e9",
    ],
)
def test_any_other_signature_is_wrong(given_signature: str) -> None:
    request = CallbackRequest({"x-mac-signature": given_signature}, b"{}")
    assert GATEWAY.signature_is_good(request, NOW) is False


@pytest.mark.parametrize("secret", [None, ""])
def test_a_signature_that_cannot_be_judged_is_wrong(secret: str | None) -> None:
    gateway = MobileApiConnect("phone", "https://gateway.example/v1", "sk_live_key", secret)
    request = CallbackRequest({"x-mac-signature": signature(b"{}", "")}, b"{}")
    assert gateway.signature_is_good(request, NOW) is False
