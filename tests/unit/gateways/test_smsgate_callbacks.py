"""SMSGate's callbacks: what they say."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.gateway import Receipt, ReceiptKind, Reply
from otp_worker.gateways.smsgate_parsing import id_of
from tests.unit.gateways.smsgate_events import (
    NOW,
    NUMBER,
    RECEIVED,
    REFERENCE,
    SIM_NUMBER,
    read,
    received,
    told,
)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("sms:sent", ReceiptKind.SENT),
        ("sms:delivered", ReceiptKind.DELIVERED),
        ("sms:failed", ReceiptKind.UNDELIVERED),
        ("sms:cancelled", ReceiptKind.UNDELIVERED),
    ],
)
def test_each_event_of_a_message_is_a_receipt(event: str, kind: ReceiptKind) -> None:
    assert told(event, {"messageId": REFERENCE, "recipient": NUMBER, "simNumber": None}) == [
        Receipt(kind, REFERENCE, REFERENCE)
    ]


def test_an_id_made_of_a_longer_reference_is_told_as_an_id_alone() -> None:
    message_id = id_of(REFERENCE + "23456")
    assert told("sms:sent", {"messageId": message_id}) == [Receipt(ReceiptKind.SENT, None, message_id)]


@pytest.mark.parametrize("message_id", [None, "", 7, ["m"], {}])
def test_a_receipt_that_names_no_message_says_nothing(message_id: object) -> None:
    assert told("sms:sent", {"messageId": message_id}) == []


@pytest.mark.parametrize(
    "event",
    [
        *("sms:data-received", "mms:received", "mms:downloaded", "system:ping", "app:started"),
        *("sms:", "SMS:SENT", "", None, 7, ["sms:sent"]),
    ],
)
def test_any_other_event_says_nothing_of_use(event: object) -> None:
    assert told(event, RECEIVED) == []


@pytest.mark.parametrize("payload", [None, "m", ["m"], 7])
def test_an_event_without_its_parts_says_nothing(payload: object) -> None:
    assert told("sms:sent", payload) == told("sms:received", payload) == []


def test_a_reply_names_who_wrote_when_and_to_which_sim() -> None:
    reply = received()
    assert (reply.number, reply.text, reply.reference, reply.to) == (NUMBER, "STOP", None, SIM_NUMBER)
    assert reply.received_at == NOW
    assert reply.received_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("sender", [None, ""])
def test_an_older_app_that_names_no_sender_is_understood(sender: str | None) -> None:
    assert received(sender=sender).number == NUMBER


@pytest.mark.parametrize(
    ("recipient", "to"), [(None, None), (7, None), ("", ""), ("07700900000", "07700900000")]
)
def test_the_sim_is_named_as_its_phone_has_it(recipient: object, to: str | None) -> None:
    assert received(recipient=recipient).to == to


@pytest.mark.parametrize("sender", ["12345", "SHOP", "07400123456"])
def test_a_sender_is_kept_as_it_came(sender: str) -> None:
    assert received(sender=sender).number == sender


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": None, "phoneNumber": None},
        {"sender": 7, "phoneNumber": ["7"]},
        {"message": None},
        {"message": ["STOP"]},
    ],
)
def test_a_reply_without_its_parts_says_nothing(changes: dict[str, object]) -> None:
    assert told("sms:received", {**RECEIVED, **changes}) == []


def test_halves_of_characters_and_nul_do_not_reach_the_database() -> None:
    reply = received(message="ok\0 \ud83d", sender="+44\x007400", recipient="+44\ud83d")
    assert (reply.text, reply.number, reply.to) == ("ok ?", "+447400", "+44?")
    assert told("sms:sent", {"messageId": "m\0\ud83d"}) == [Receipt(ReceiptKind.SENT, "m?", "m?")]


@pytest.mark.parametrize(
    "changes", [{"receivedAt": "2026-03-01T12:00:00Z"}, {"simNumber": None}, {"phoneNumber": None}]
)
def test_one_sms_is_one_reply_however_it_is_posted_again(changes: dict[str, object]) -> None:
    assert received(**changes).dedupe_key == received().dedupe_key


@pytest.mark.parametrize(
    "changes",
    [
        {"messageId": "a80532bc"},
        {"message": "Stop"},
        {"sender": "+447400123457"},
        {"recipient": "+447700900001"},
        {"receivedAt": "2026-03-01T12:00:01Z"},
    ],
)
def test_another_sms_is_another_reply(changes: dict[str, object]) -> None:
    assert received(**changes).dedupe_key != received().dedupe_key


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"null",
        b"\xff\xfe{}",
        b"9" * 5000,
        b"[" * 100_000,
        b'{"payload":' * 100_000,
        b"[{}]",
    ],
)
def test_what_says_nothing_of_use_is_no_event(body: bytes) -> None:
    assert read(body) == []


names = st.sampled_from([*RECEIVED, "id", "event", "payload", "deviceId", "webhookId"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["sms:sent", "sms:received", "2026-03-01T12:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)
events = st.fixed_dictionaries(
    {"event": st.sampled_from(["sms:sent", "sms:failed", "sms:received"]) | values},
    optional={"payload": st.dictionaries(names, values, max_size=8)},
)


@given(events | st.dictionaries(names, values) | st.binary())
def test_no_body_ever_raises(body: object) -> None:
    for event in read(body):
        assert isinstance(event, Receipt | Reply)
