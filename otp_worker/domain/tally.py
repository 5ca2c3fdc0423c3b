"""What is counted of each step: a pure rule, so that every figure is drawn from one record."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from otp_worker.domain.gateway import ReceiptKind
from otp_worker.domain.message import CHANNEL
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import VerificationStatus

BOUNDS_SECONDS = (
    *(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5),
    *(10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0),
)
"""The upper bounds of the times that are counted together; what took longer is beyond the last of them."""
NO_BUCKET = -1
"""The bucket of what is counted without a time."""


class Counted(StrEnum):
    """What is counted. Its labels stand beside it."""

    ACCEPTED = "accepted"
    """Verifications that were accepted: country, channel."""
    HANDED_OVER = "handed_over"
    """SMS that a gateway took: country, gateway, SIM."""
    DELIVERED = "delivered"
    """SMS that arrived by their receipt: country, gateway, SIM."""
    UNDELIVERED = "undelivered"
    """SMS that did not arrive by their receipt: country, gateway, SIM."""
    APPROVED = "approved"
    """Verifications whose right code was entered: country, channel."""
    FAILED = "failed"
    """Verifications that ended otherwise: country, class of the reason."""
    NOT_ARRIVED = "not_arrived"
    """Those of them whose code never reached its person: country."""
    CHECKS = "checks"
    """Codes that were checked: result."""
    REFUSED = "refused"
    """Requests that were refused: reason."""
    ACCEPT_TO_GATEWAY = "accept_to_gateway"
    """Time from a request to the gateway's acceptance: gateway."""
    GATEWAY_TO_RECEIPT = "gateway_to_receipt"
    """Time from the gateway's acceptance to the receipt that the SMS arrived: gateway."""
    ACCEPT_TO_RECEIPT = "accept_to_receipt"
    """Time from a request to the receipt that its first SMS arrived: gateway."""
    ACCEPT_TO_APPROVED = "accept_to_approved"
    """Time from a request to the right code."""
    GATEWAY_ANSWER = "gateway_answer"
    """Time that a gateway took to answer: gateway, kind of the answer."""
    MESSAGES = "messages"
    """Texts of apps' own, by what came of them: country, event."""
    CONVERSION_SENT = "conversion_sent"
    """Codes that were sent, once each and by the hour of the request: app, country, template, SIM."""
    CONVERSION_DELIVERED = "conversion_delivered"
    """Those of them that arrived in time by a receipt: the same labels."""
    CONVERSION_APPROVED = "conversion_approved"
    """Those of them that were entered: the same labels."""
    HTTP_REQUEST = "http_request"
    """Time that a request took: method, route, status."""


class MessageEvent(StrEnum):
    """What is counted of a message; each came to one end, and a receipt may follow ``sent``."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELED = "canceled"


class ReasonClass(StrEnum):
    """Why a verification ended without its code entered, in a few words that do not grow in number."""

    NOT_SENT = "not_sent"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    OPTED_OUT = "opted_out"
    OTHER = "other"
    NOT_ENTERED = "not_entered"
    WRONG_CODES = "wrong_codes"


NEVER_ARRIVED = frozenset(
    (
        ReasonClass.NOT_SENT,
        ReasonClass.REFUSED,
        ReasonClass.UNREACHABLE,
        ReasonClass.OPTED_OUT,
        ReasonClass.OTHER,
    )
)
"""The reasons that are the service's or the gateway's, and not the person's."""

_SENTENCES = {
    "the gateway refuses this message": ReasonClass.REFUSED,
    "the gateway reports this number as unreachable": ReasonClass.UNREACHABLE,
    "the person wants no SMS": ReasonClass.OPTED_OUT,
    "not sent in time": ReasonClass.NOT_SENT,
    "expired before it was sent": ReasonClass.NOT_SENT,
}
"""What reasons begin with."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The verification that a step is of; ``handed_over`` tells whether a gateway may have taken its code."""

    country: str
    channel: str
    created_at: datetime
    handed_over: bool


@dataclass(frozen=True, slots=True, order=True)
class Tally:
    """One figure that grows: what is counted, its labels in order, and the bucket of its time."""

    name: str
    labels: tuple[str, ...] = ()
    bucket: int = NO_BUCKET


@dataclass(frozen=True, slots=True)
class Count:
    """One more of a figure; ``milliseconds`` is the time that it took, where a time is counted."""

    tally: Tally
    milliseconds: int = 0


def timed(name: Counted, milliseconds: int, *labels: str) -> Count:
    """One more time of a kind."""
    bucket = bisect_left(BOUNDS_SECONDS, milliseconds / 1000)
    return Count(Tally(name, labels, bucket), milliseconds)


def counts_of(step: Step, subject: Subject) -> Iterator[Count]:
    """What a step adds to the figures; a message is no code, and has figures of its own."""
    if subject.channel == CHANNEL and step.kind is not StepKind.ATTEMPT:
        if (event := message_event(step, subject)) is not None:
            yield Count(Tally(Counted.MESSAGES, (subject.country, event)))
        return
    sent = (subject.country, step.gateway or "", step.sim or "")
    match step.kind:
        case StepKind.ACCEPTED:
            yield Count(Tally(Counted.ACCEPTED, (subject.country, subject.channel)))
        case StepKind.TAKEN:
            yield Count(Tally(Counted.HANDED_OVER, sent))
            yield from _timed(Counted.ACCEPT_TO_GATEWAY, step.milliseconds, step.gateway or "")
        case StepKind.RECEIPT:
            yield from _receipt(step, subject, sent)
        case StepKind.CHECK:
            yield Count(Tally(Counted.CHECKS, (step.outcome or "",)))
        case StepKind.APPROVED:
            yield Count(Tally(Counted.APPROVED, (subject.country, subject.channel)))
            yield from _timed(Counted.ACCEPT_TO_APPROVED, step.milliseconds)
        case StepKind.ENDED if (why := reason_class(step, subject)) is not None:
            yield Count(Tally(Counted.FAILED, (subject.country, why)))
            if why in NEVER_ARRIVED:
                yield Count(Tally(Counted.NOT_ARRIVED, (subject.country,)))
        case StepKind.ATTEMPT:
            yield from _timed(
                Counted.GATEWAY_ANSWER, step.milliseconds, step.gateway or "", step.outcome or ""
            )


def message_event(step: Step, subject: Subject) -> MessageEvent | None:
    """What a step of a message is counted as; None for one that is not counted."""
    match step.kind, step.outcome:
        case StepKind.ACCEPTED, _:
            return MessageEvent.ACCEPTED
        case StepKind.TAKEN, _:
            return MessageEvent.SENT
        case StepKind.RECEIPT, ReceiptKind.DELIVERED:
            return MessageEvent.DELIVERED
        case StepKind.RECEIPT, ReceiptKind.UNDELIVERED | ReceiptKind.UNREACHABLE:
            return MessageEvent.UNDELIVERED
        case StepKind.ENDED, VerificationStatus.CANCELED:
            return MessageEvent.CANCELED
        case StepKind.ENDED, _:
            is_late = reason_class(step, subject) is ReasonClass.NOT_SENT
            return MessageEvent.EXPIRED if is_late else MessageEvent.FAILED
    return None


def reason_class(step: Step, subject: Subject) -> ReasonClass | None:
    """The class of why a verification is over; None where its app ended it, or it was approved."""
    match step.outcome:
        case VerificationStatus.CANCELED | VerificationStatus.APPROVED:
            return None
        case VerificationStatus.MAX_CHECKS_REACHED:
            return ReasonClass.WRONG_CODES
        case VerificationStatus.EXPIRED:
            return ReasonClass.NOT_ENTERED if subject.handed_over else ReasonClass.NOT_SENT
    detail = step.detail or ""
    return next((found for words, found in _SENTENCES.items() if detail.startswith(words)), ReasonClass.OTHER)


def _receipt(step: Step, subject: Subject, sent: tuple[str, ...]) -> Iterator[Count]:
    if step.outcome in (ReceiptKind.UNDELIVERED, ReceiptKind.UNREACHABLE):
        yield Count(Tally(Counted.UNDELIVERED, sent))
    if step.outcome != ReceiptKind.DELIVERED:
        return
    yield Count(Tally(Counted.DELIVERED, sent))
    yield from _timed(Counted.GATEWAY_TO_RECEIPT, step.milliseconds, step.gateway or "")
    if step.delivery_number == 1:
        since_request = round((step.at - subject.created_at).total_seconds() * 1000)
        yield timed(Counted.ACCEPT_TO_RECEIPT, max(since_request, 0), step.gateway or "")


def _timed(name: Counted, milliseconds: int | None, *labels: str) -> Iterator[Count]:
    if milliseconds is not None:
        yield timed(name, milliseconds, *labels)
