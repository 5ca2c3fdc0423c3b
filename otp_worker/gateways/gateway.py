"""What every gateway is to us: one way to send, and one vocabulary for what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class OutcomeKind(StrEnum):
    """What came of handing a message to a gateway."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    THROTTLED = "throttled"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt; ``reason`` is for people and holds neither code nor number.

    ``alarm`` marks what only the operator can mend: a wrong key, a suspended account.
    """

    kind: OutcomeKind
    reason: str
    message_id: str | None = None
    retry_after_seconds: float = 0.0
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One SMS to hand over: ``reference`` is the same for every attempt of a delivery."""

    to: str
    text: str
    reference: str
    callback_url: str | None
    life_seconds: float
    timeout_seconds: float


class ReceiptKind(StrEnum):
    """How far a receipt says the SMS came."""

    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A gateway's word on an SMS it took; either identifier may be missing."""

    kind: ReceiptKind
    reference: str | None
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMS that came in; ``dedupe_key`` is the same however often the gateway posts it."""

    number: str
    text: str
    reference: str | None
    received_at: datetime
    dedupe_key: str


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A callback as it arrived: the raw body, and the headers by lower-case name."""

    headers: Mapping[str, str]
    body: bytes


class Gateway(Protocol):
    """One account at one gateway."""

    @property
    def name(self) -> str:
        """The name that callbacks and operators know it by."""

    def send(self, message: Message) -> Outcome:
        """Hand a message over; every failure is an outcome, none an exception."""

    def signature_is_good(self, request: CallbackRequest) -> bool | None:
        """Whether the callback is signed by the gateway; None where it carries no signature."""

    def read_callback(self, request: CallbackRequest) -> list[Receipt | Reply]:
        """What an authenticated callback says; empty where it says nothing of use."""

    def probe(self) -> Outcome:
        """Whether the gateway answers and takes our key, found out without sending anything."""
