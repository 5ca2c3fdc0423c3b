"""A message: an SMS whose text its app gives us. Nothing of it is checked, and it ends when it is sent.

Its row is a verification's, with a channel of its own and exactly one delivery: limits, claims, retries,
sweeps and receipts hold for it by the same statements.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from otp_worker.domain.errors import RequestError
from otp_worker.domain.verification import OPEN, Delivery, DeliveryStatus, Verification, VerificationStatus

CHANNEL: Final = "message"
"""The channel of a message's row; a verification has any other."""
ID_PREFIX = "msg_"
SETTLING = timedelta(seconds=60)
"""So long after its deadline a message is over at the latest: what began in time is settled by then."""
MAX_SEGMENTS = 10
MIN_LIFE_SECONDS = 30


class Priority(StrEnum):
    """How urgent a message is."""

    CODE = "code"
    """Somebody waits for it. It goes before every notice."""
    NOTICE = "notice"
    """It may wait for a quiet moment, and for a time of day at which it disturbs nobody."""


MAX_LIFE_SECONDS = {Priority.CODE: 3600, Priority.NOTICE: 259_200}
"""How long a message of each priority may wait to be sent."""


class MessageStatus(StrEnum):
    """Where a message stands; everything but ``pending`` is an end, which a receipt may still make exact."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELED = "canceled"


class MessageEndedError(RequestError):
    """The message has ended; carries the status it ended with."""

    http_status = 410
    problem = "message_over"

    def __init__(self, message_id: str, status: str) -> None:
        super().__init__(f"this message is over: {status}")
        self.message_id = message_id
        self.status = status

    @property
    def members(self) -> Mapping[str, object]:
        """Which message it is, and how it ended."""
        return {"id": self.message_id, "message_status": self.status}


def is_message(found: Verification) -> bool:
    """Whether a row is a message's."""
    return found.channel == CHANNEL


def status_at(found: Verification, now: datetime) -> MessageStatus:
    """The status of a message that holds at ``now``: time ends it whether or not a sweep has run."""
    sms = found.delivery
    if sms.status in OPEN:
        return _unsent(found, sms, now)
    if sms.status is DeliveryStatus.SUPERSEDED:
        return _CALLED_BACK.get(found.status, MessageStatus.FAILED)
    return MessageStatus(sms.status)


_CALLED_BACK = {
    VerificationStatus.CANCELED: MessageStatus.CANCELED,
    VerificationStatus.EXPIRED: MessageStatus.EXPIRED,
}


def _unsent(found: Verification, sms: Delivery, now: datetime) -> MessageStatus:
    if found.status is not VerificationStatus.PENDING:
        return _CALLED_BACK.get(found.status, MessageStatus.FAILED)
    # What a worker has in hand may have left in time.
    is_late = now >= sms.deadline_at and sms.status is not DeliveryStatus.SENDING
    return MessageStatus.EXPIRED if is_late else MessageStatus.PENDING


def status_of(found: Verification, now: datetime) -> MessageStatus | VerificationStatus:
    """The status of a message, or of a verification, at ``now``."""
    return status_at(found, now) if is_message(found) else found.status_at(now)
