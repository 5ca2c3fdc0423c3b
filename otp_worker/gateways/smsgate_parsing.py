"""What SMSGate's answers and events come to."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from otp_worker.domain.gateway import CallbackRequest, Outcome, OutcomeKind, Receipt, ReceiptKind, Reply
from otp_worker.gateways.client import Answer
from otp_worker.gateways.parsing import accepted, clean, dedupe_key, instant, json_body, usual_outcome

ID_LENGTH = 36
DERIVED = "sha-"
RECEIVED_EVENT = "sms:received"

_NO_PHONE = Outcome(OutcomeKind.UNAVAILABLE, "no phone is paired and active (failed to select device)")
_AWAY = Outcome(OutcomeKind.UNAVAILABLE, "the phone fetches no messages (too old pending message)")
_FULL = Outcome(OutcomeKind.THROTTLED, "the phone's queue is full (queue limits exceeded)")
_ANOTHER = Outcome(OutcomeKind.MISCONFIGURED, "device: the phone has another id than this")
_SAID = (
    (400, "failed to select device", _NO_PHONE),
    (400, "no active device", _NO_PHONE),
    (400, "invalid device id", _ANOTHER),
    # Only a phone that is away leaves a message for so long; the other limits are those of a slow one.
    (503, "too old pending message", _AWAY),
    (503, "queue limits exceeded", _FULL),
)
_REFUSALS = ("invalid phone number", "not mobile phone number", "failed to parse", "failed to validate")

_EVENTS = {
    "sms:sent": ReceiptKind.SENT,
    "sms:delivered": ReceiptKind.DELIVERED,
    "sms:failed": ReceiptKind.UNDELIVERED,
    "sms:cancelled": ReceiptKind.UNDELIVERED,
}
_STATES = {
    "Sent": ReceiptKind.SENT,
    "Delivered": ReceiptKind.DELIVERED,
    "Failed": ReceiptKind.UNDELIVERED,
    "Cancelled": ReceiptKind.UNDELIVERED,
}


def id_of(reference: str) -> str:
    """The message's id at SMSGate: its reference, or where that has more than 36 characters one made of it.

    That is ``sha-`` and the first 32 hex digits of the reference's SHA-256: the same for every attempt.
    """
    if len(reference) <= ID_LENGTH:
        return reference
    return DERIVED + hashlib.sha256(reference.encode()).hexdigest()[: ID_LENGTH - len(DERIVED)]


def read_sent(answer: Answer, message_id: str) -> Outcome:
    """What came of sending a message under this id."""
    body = answer.body or {}
    if answer.status in (200, 201, 202) and (taken_as := clean(body.get("id"))):
        return accepted(taken_as)
    if answer.status == 409:
        return Outcome(OutcomeKind.ACCEPTED, "the gateway had it already (409)", message_id)
    said = (clean(body.get("message")) or "").lower()
    for status, words, meaning in _SAID:
        if answer.status == status and words in said:
            return replace(meaning, retry_after_seconds=answer.retry_after_seconds)
    return usual_outcome(answer, next((words for words in _REFUSALS if words in said), "no error code"))


def read_state(answer: Answer, message_id: str) -> Receipt | None:
    """How far a message came; None while it is pending or in the phone's hands."""
    kind = _STATES.get(clean((answer.body or {}).get("state")) or "")
    return _receipt(kind, message_id)


def read_event(request: CallbackRequest) -> list[Receipt | Reply]:
    """An SMS that came in, or how far one came; every other event says nothing of use."""
    body = json_body(request)
    word, payload = clean(body.get("event")) or "", body.get("payload")
    if not isinstance(payload, dict):
        return []
    if word == RECEIVED_EVENT:
        return _reply(payload)
    receipt = _receipt(_EVENTS.get(word), clean(payload.get("messageId")))
    return [receipt] if receipt else []


def read_phones(answer: Answer) -> list[dict[str, Any]] | None:
    """The account's phones; None where the answer is no list of them."""
    try:
        listed = json.loads(answer.text) if answer.status == 200 else None
    except (ValueError, RecursionError):
        return None
    return [phone for phone in listed if isinstance(phone, dict)] if isinstance(listed, list) else None


def read_battery(health: Answer) -> float | None:
    """The battery's level in percent, which only a phone's own server tells."""
    checks = (health.body or {}).get("checks")
    level = checks.get("battery:level") if isinstance(checks, dict) else None
    percent = level.get("observedValue") if isinstance(level, dict) else None
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        return None
    return float(percent)


def _receipt(kind: ReceiptKind | None, message_id: str | None) -> Receipt | None:
    if kind is None or not message_id:
        return None
    # Where the id is a reference, it finds a delivery whose answer is lost or still under way.
    return Receipt(kind, None if message_id.startswith(DERIVED) else message_id, message_id)


def _reply(payload: dict[str, Any]) -> list[Receipt | Reply]:
    # Apps from before 2026 name the sender `phoneNumber` alone.
    sender = clean(payload.get("sender")) or clean(payload.get("phoneNumber"))
    text, at = clean(payload.get("message")), payload.get("receivedAt")
    if not sender or text is None:
        return []
    to = clean(payload.get("recipient"))
    # One SMS is posted again under other event ids; its messageId is a hash of 32 bits of what it says.
    message_id = clean(payload.get("messageId"))
    received_at = instant(at)
    key_time = at if received_at is None else received_at.isoformat()
    key = dedupe_key(RECEIVED_EVENT, message_id, to, sender, key_time, text)
    return [Reply(sender, text, None, received_at, key, to)]
