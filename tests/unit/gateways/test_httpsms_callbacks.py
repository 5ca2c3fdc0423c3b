"""httpSMS's callbacks: who signed them, and what they say."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.devtools.simulator.profiles.httpsms_webhook import token
from otp_worker.domain.gateway import CallbackRequest, Receipt, ReceiptKind, Reply
from otp_worker.gateways.httpsms import HttpSms

SECRET = "a signing key"
URL = "https://otp.example.com/v1/callbacks/phone/token"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SENDER = "+447400999999"
GATEWAY = HttpSms("phone", "https://gateway.example/v1", "key", SENDER, SECRET)
MESSAGE_ID = "32343a19-da5e-4b1b-a767-3298a73703cb"
TEXT = "Your code is 123456"

# As api/pkg/events declares them.
RECEIPT: dict[str, object] = {
    "id": MESSAGE_ID,
    "owner": SENDER,
    "contact": "+447400123456",
    "request_id": "ver_1.1",
    "user_id": "user_1",
    "encrypted": False,
    "timestamp": "2026-01-01T12:00:00.1234567Z",
    "content": TEXT,
    "sim": "SIM1",
}
INBOUND: dict[str, object] = {
    "message_id": MESSAGE_ID,
    "user_id": "user_1",
    "owner": SENDER,
    "encrypted": False,
    "contact": "+447400123456",
    "timestamp": "2026-01-01T12:00:00.1234567Z",
    "content": "STOP",
    "sim": "SIM1",
    "attachments": [],
}


def read(kind: object, data: object) -> list[Receipt | Reply]:
    event = {"specversion": "1.0", "id": "event_1", "type": kind, "data": data}
    return GATEWAY.read_callback(CallbackRequest({}, json.dumps(event).encode()))


def reply(**changes: object) -> Reply:
    (event,) = read("message.phone.received", {**INBOUND, **changes})
    assert isinstance(event, Reply)
    return event


@pytest.mark.parametrize(
    ("kind", "receipt"),
    [
        ("message.phone.sent", ReceiptKind.SENT),
        ("message.phone.delivered", ReceiptKind.DELIVERED),
        ("message.send.failed", ReceiptKind.UNDELIVERED),
    ],
)
def test_a_message_that_came_so_far_is_a_receipt_without_its_text(kind: str, receipt: ReceiptKind) -> None:
    events = read(kind, {**RECEIPT, "error_message": TEXT})
    assert events == [Receipt(receipt, "ver_1.1", MESSAGE_ID)]
    assert "123456" not in repr(events)


@pytest.mark.parametrize(
    "kind",
    [
        "message.send.expired",
        "message.api.sent",
        "message.call.missed",
        "phone.heartbeat.online",
        "phone.heartbeat.offline",
        "",
        None,
        ["message.phone.sent"],
    ],
)
def test_every_other_event_says_nothing(kind: object) -> None:
    assert read(kind, {**RECEIPT, **INBOUND, "is_final": True}) == []


@pytest.mark.parametrize(
    ("changes", "receipt"),
    [
        ({"request_id": None}, Receipt(ReceiptKind.SENT, None, MESSAGE_ID)),
        ({"request_id": ""}, Receipt(ReceiptKind.SENT, None, MESSAGE_ID)),
        ({"id": 7}, Receipt(ReceiptKind.SENT, "ver_1.1", None)),
        ({"request_id": "ver\0_1\ud83d"}, Receipt(ReceiptKind.SENT, "ver_1?", MESSAGE_ID)),
    ],
)
def test_a_receipt_names_its_message_by_what_there_is(changes: dict[str, object], receipt: Receipt) -> None:
    assert read("message.phone.sent", {**RECEIPT, **changes}) == [receipt]


def test_a_receipt_of_no_message_says_nothing() -> None:
    assert read("message.phone.sent", {**RECEIPT, "id": None, "request_id": None}) == []


def test_an_sms_that_came_in_is_a_reply_with_its_text() -> None:
    event = reply()
    assert (event.number, event.text, event.reference, event.to) == ("+447400123456", "STOP", None, SENDER)
    assert event.received_at == datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"contact": None},
        {"contact": ""},
        {"contact": 447400123456},
        {"content": None},
        {"content": ["STOP"]},
    ],
)
def test_a_reply_without_its_parts_says_nothing(changes: dict[str, object]) -> None:
    assert read("message.phone.received", {**INBOUND, **changes}) == []


def test_a_reply_that_its_phone_reports_twice_is_one() -> None:
    assert reply(message_id="another").dedupe_key == reply().dedupe_key


@pytest.mark.parametrize(
    "changes",
    [
        {"contact": "+447400123457"},
        {"content": "stop"},
        {"timestamp": "2026-01-01T12:00:01Z"},
        {"owner": "+447400888888"},
    ],
)
def test_another_reply_has_another_key(changes: dict[str, object]) -> None:
    assert reply(**changes).dedupe_key != reply().dedupe_key


@pytest.mark.parametrize("data", [None, [], "text", 7, [RECEIPT]])
def test_an_event_without_its_data_says_nothing(data: object) -> None:
    assert read("message.phone.sent", data) == []


def judged(authorization: str, gateway: HttpSms = GATEWAY, now: datetime = NOW) -> bool | None:
    return gateway.signature_is_good(CallbackRequest({"authorization": authorization}, b"{}"), now)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_vendor_s_token_is_good(scheme: str) -> None:
    assert judged(f"{scheme} {token(SECRET, URL, NOW)}") is True


def test_a_token_that_is_posted_again_is_good_until_it_is_over() -> None:
    # What is posted again changes nothing: a receipt moves forward once, a reply is kept once.
    posted = f"Bearer {token(SECRET, URL, NOW)}"
    assert [judged(posted, now=NOW + timedelta(seconds=seconds)) for seconds in (0, 599, 600)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        token(SECRET, URL, NOW),
        f"Basic {token(SECRET, URL, NOW)}",
        f"Bearer {token('another key', URL, NOW)}",
        f"Bearer {token(SECRET, URL, NOW)}0",
        f"Bearer {token(SECRET, URL, NOW - timedelta(minutes=11))}",
        f"Bearer {token(SECRET, URL, NOW + timedelta(minutes=11))}",
        "Bearer \u00e9",
    ],
)
def test_any_other_authorization_is_wrong(authorization: str) -> None:
    assert judged(authorization) is False


def test_a_callback_without_a_token_is_not_judged() -> None:
    assert GATEWAY.signature_is_good(CallbackRequest({}, b"{}"), NOW) is None


@pytest.mark.parametrize("secret", [None, ""])
def test_a_token_that_cannot_be_judged_is_wrong(secret: str | None) -> None:
    gateway = HttpSms("phone", "https://gateway.example/v1", "key", SENDER, secret)
    assert judged(f"Bearer {token('', URL, NOW)}", gateway) is False


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
kinds = st.sampled_from(["message.phone.sent", "message.send.failed", "message.phone.received"]) | values
names = st.sampled_from([*RECEIPT, *INBOUND])


@given(kinds, st.dictionaries(names, values | st.just("2026-01-01T12:00:00Z")) | values)
def test_no_event_ever_raises(kind: object, data: object) -> None:
    for event in read(kind, data):
        assert isinstance(event, Receipt | Reply)


@given(st.binary())
def test_no_body_ever_raises(body: bytes) -> None:
    assert GATEWAY.read_callback(CallbackRequest({}, body)) == []


@pytest.mark.parametrize(
    ("kind", "data", "is_sign"),
    [
        ("phone.heartbeat.online", {}, True),
        ("phone.heartbeat.offline", {}, False),
        ("message.phone.received", INBOUND, True),
        ("message.phone.sent", RECEIPT, True),
        ("message.phone.delivered", RECEIPT, True),
        ("message.send.failed", RECEIPT, False),
        ("message.send.expired", RECEIPT, False),
    ],
)
def test_what_came_from_the_phone_is_a_sign_of_life(kind: str, data: object, *, is_sign: bool) -> None:
    event = {"specversion": "1.0", "id": "event_1", "type": kind, "data": data}
    assert GATEWAY.is_sign_of_life(CallbackRequest({}, json.dumps(event).encode())) is is_sign
