"""Events: what an app's endpoints are told of, each drawn from one step by a pure rule."""

from collections.abc import Mapping
from enum import StrEnum

from otp_worker.domain.gateway import ReceiptKind
from otp_worker.domain.message import CHANNEL
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import VerificationStatus


class Event(StrEnum):
    """What happened. A name is a contract: it never changes, and new ones may join."""

    CREATED = "verification.created"
    SENT = "verification.sent"
    DELIVERED = "verification.delivered"
    UNDELIVERED = "verification.undelivered"
    CHECK_FAILED = "verification.check_failed"
    APPROVED = "verification.approved"
    LOCKED = "verification.locked"
    EXPIRED = "verification.expired"
    FAILED = "verification.failed"
    CANCELED = "verification.canceled"
    MESSAGE_CREATED = "message.created"
    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_UNDELIVERED = "message.undelivered"
    MESSAGE_EXPIRED = "message.expired"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_CANCELED = "message.canceled"
    NUMBER_REPORTED = "number.reported"
    NUMBER_OPTED_OUT = "number.opted_out"
    NUMBER_OPTED_IN = "number.opted_in"
    REPLY_RECEIVED = "reply.received"


TEST = "endpoint.test"
"""What an endpoint is told of when somebody tries it. It cannot be chosen: it is always taken."""

MEANINGS: Mapping[Event, str] = {
    Event.CREATED: "A code was asked for.",
    Event.SENT: "A gateway took the SMS.",
    Event.DELIVERED: "The receipt says that the SMS arrived.",
    Event.UNDELIVERED: "The receipt says that the SMS did not arrive.",
    Event.CHECK_FAILED: "A wrong code was entered.",
    Event.APPROVED: "The right code was entered.",
    Event.LOCKED: "Too many wrong codes: no further check is judged.",
    Event.EXPIRED: "Time ended it.",
    Event.FAILED: "It could not be sent.",
    Event.CANCELED: "It was called back, or replaced by a newer request.",
    Event.MESSAGE_CREATED: "A text was taken to be sent.",
    Event.MESSAGE_SENT: "A gateway took the SMS.",
    Event.MESSAGE_DELIVERED: "The receipt says that the SMS arrived.",
    Event.MESSAGE_UNDELIVERED: "The receipt says that the SMS did not arrive.",
    Event.MESSAGE_EXPIRED: "It was not sent in time.",
    Event.MESSAGE_FAILED: "It could not be sent.",
    Event.MESSAGE_CANCELED: "It was called back before it was sent.",
    Event.NUMBER_REPORTED: "The person did not ask for the code: look at the account of `user`.",
    Event.NUMBER_OPTED_OUT: "The person texted STOP: nothing is sent to this number any more.",
    Event.NUMBER_OPTED_IN: "The person texted START: SMS are sent to this number again.",
    Event.REPLY_RECEIVED: "The person wrote something that is for support.",
}
"""Each event in a sentence."""

_REPLIES: Mapping[str, Event] = {
    ReplyKind.OTHER: Event.REPLY_RECEIVED,
    ReplyKind.STOP: Event.NUMBER_OPTED_OUT,
    ReplyKind.START: Event.NUMBER_OPTED_IN,
    ReplyKind.REPORT: Event.NUMBER_REPORTED,
}
_RECEIPTS: Mapping[str, Event] = {
    ReceiptKind.SENT: Event.SENT,
    ReceiptKind.DELIVERED: Event.DELIVERED,
    ReceiptKind.UNDELIVERED: Event.UNDELIVERED,
    ReceiptKind.UNREACHABLE: Event.UNDELIVERED,
}
_CHECKS: Mapping[str, Event] = {"wrong": Event.CHECK_FAILED, "locked": Event.LOCKED}
_ENDS: Mapping[str, Event] = {
    VerificationStatus.FAILED: Event.FAILED,
    VerificationStatus.EXPIRED: Event.EXPIRED,
    VerificationStatus.CANCELED: Event.CANCELED,
    VerificationStatus.MAX_CHECKS_REACHED: Event.LOCKED,
}
_BY_OUTCOME: Mapping[StepKind, Mapping[str, Event]] = {
    StepKind.REPLY: _REPLIES,
    StepKind.RECEIPT: _RECEIPTS,
    StepKind.CHECK: _CHECKS,
    StepKind.ENDED: _ENDS,
}
_ALWAYS = {StepKind.ACCEPTED: Event.CREATED, StepKind.TAKEN: Event.SENT, StepKind.APPROVED: Event.APPROVED}
KINDS = (*_ALWAYS, *_BY_OUTCOME)
"""The kinds of steps that may be events."""


def event_of(step: Step, channel: str) -> Event | None:
    """The event that a step of a verification, or of a message, is; None for most steps."""
    event = _ALWAYS.get(step.kind) or _BY_OUTCOME.get(step.kind, {}).get(step.outcome or "")
    if event is None or channel != CHANNEL or step.kind is StepKind.REPLY:
        return event
    name = event.value.replace("verification.", "message.")
    return Event(name) if name in _NAMES else None


_NAMES = frozenset(Event)
