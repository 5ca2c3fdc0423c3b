"""What the service answers about messages: texts of an app's own, which no answer repeats."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from otp_worker.client.models import Answered, Delivery, Left, Moment, Problem


class MessageStatus(StrEnum):
    """Where a message stands; everything but ``pending`` is an end, which a receipt may still make exact."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELED = "canceled"


# The enumeration is tried first: a text that it knows is one of its members.
AnyMessageStatus = Annotated[MessageStatus | str, Field(union_mode="left_to_right")]


class Message(Answered):
    """A message: ``to`` is the number, masked. It is not sent any more after ``expires_at``."""

    id: str
    status: AnyMessageStatus
    reason: str | None
    to: str
    priority: str
    user: str | None
    client_reference: str | None
    tags: dict[str, str]
    delivery: Delivery
    created_at: AwareDatetime
    expires_at: AwareDatetime
    ended_at: AwareDatetime | None

    @property
    def pending(self) -> bool:
        """Whether it may still be sent."""
        return self.status == MessageStatus.PENDING


class AcceptedMessage(Message):
    """A message that will be sent.

    ``replayed`` says that this answer was given before, to a request with the same Idempotency-Key.
    """

    limits: tuple[Left, ...] = ()
    replayed: bool = False


class BatchItem(Answered):
    """What became of one text of a batch: a message, or its problem, and when it may be asked for again."""

    message: AcceptedMessage | None
    problem: Problem | None
    retry_at: AwareDatetime | None


class BatchAnswer(Answered):
    """What became of each text of a batch, in their order."""

    accepted: int
    refused: int
    results: tuple[BatchItem, ...]
    replayed: bool = False


class MessagePage(Answered):
    """A page of messages, newest first; ``next_cursor`` is None on the last one."""

    messages: tuple[Message, ...]
    next_cursor: str | None


class MessageTimeline(Answered):
    """What happened to a message; ``cause`` is one sentence for your support."""

    id: str
    status: AnyMessageStatus
    cause: str
    timeline: tuple[Moment, ...]
