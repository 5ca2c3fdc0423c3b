"""What every gateway is to us: one way to send, and one vocabulary for what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Protocol

HEALTH_SECONDS = 2.0
"""How long the answer to a health question is waited for."""


class OutcomeKind(StrEnum):
    """What came of handing a message to a gateway."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """This number or this text, for good."""
    MISCONFIGURED = "misconfigured"
    """Our account is refused, whatever the message: only the operator can mend that."""
    UNAVAILABLE = "unavailable"
    THROTTLED = "throttled"
    DEFERRED = "deferred"
    """This one is not taken just now, which says nothing of others: a mailbox that is full or slow."""
    UNCERTAIN = "uncertain"
    WITHDRAWN = "withdrawn"
    """It was not wanted any more when it could leave; the gateway was not asked."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt; ``reason`` is for the operator and holds neither code nor number.

    ``http_status`` is that of the gateway's answer, where there was one.
    """

    kind: OutcomeKind
    reason: str
    message_id: str | None = None
    retry_after_seconds: float = 0.0
    http_status: int | None = field(default=None, compare=False)

    @property
    def alarm(self) -> bool:
        """Whether only the operator can mend it: a wrong key or URL, a suspended account, a used-up plan."""
        return self.kind is OutcomeKind.MISCONFIGURED

    @property
    def is_outage(self) -> bool:
        """Whether the gateway sends nothing at all just now, so that messages wait or go another way."""
        return self.kind in (OutcomeKind.UNAVAILABLE, OutcomeKind.MISCONFIGURED)


@dataclass(frozen=True, slots=True)
class Message:
    """One SMS, or e-mail with a ``subject``, to hand over; each attempt has the same ``reference``.

    ``sender`` (E.164) and ``slot`` name the SIM that is to send it, where one is chosen; ``slot`` is what
    the gateway itself calls that SIM. ``may_leave`` tells right before it leaves whether it is wanted still.
    """

    to: str
    text: str
    reference: str
    callback_url: str | None
    life_seconds: float
    timeout_seconds: float
    sender: str | None = None
    slot: str | None = None
    subject: str = ""
    may_leave: Callable[[], bool] = lambda: True


class ReceiptKind(StrEnum):
    """How far a receipt says the SMS came."""

    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    UNREACHABLE = "unreachable"
    """The number takes no SMS, now or later."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A gateway's word on an SMS it took; either identifier may be missing."""

    kind: ReceiptKind
    reference: str | None
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMS that came in; ``dedupe_key`` is the same however often the gateway posts it.

    ``number`` is its sender and ``to`` the SIM it came to, where the gateway says so: both as the gateway
    writes them. ``received_at`` is when the gateway got it; None where it names no time that can be read.
    """

    number: str
    text: str
    reference: str | None
    received_at: datetime | None
    dedupe_key: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A callback as it arrived: the raw body, the headers by lower-case name, and the query's fields."""

    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhoneState:
    """A phone as its gateway tells of it; None where it does not say."""

    online: bool | None = None
    battery_percent: float | None = None
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do beside taking a message; the service does without what it cannot."""

    dedupe: bool = False
    """A repeated reference is not sent twice."""
    ttl: bool = False
    """It is told how long the SMS may still be sent."""
    poll: bool = False
    """It can be asked how far an SMS came."""
    push: bool = False
    """It posts receipts."""
    signature: bool = False
    """It signs what it posts; an inbound message without its signature is refused."""
    cancel: bool = False
    """It can call back an SMS that its phone has not sent yet."""
    sim_choice: bool = False
    """It can be told which SIM is to send."""


class Gateway(Protocol):
    """One account at one gateway: the name that callbacks and operators know it by, and what it can do.

    An adapter subclasses it, and inherits the answers of a gateway that cannot be asked.
    """

    name: str
    capabilities: Capabilities
    silent_after: ClassVar[timedelta] = timedelta(seconds=60)
    """How long its phone may be unseen between two signs of life."""

    def send(self, message: Message) -> Outcome:
        """Hand a message over; every failure is an outcome, none an exception."""

    def probe(self) -> Outcome:
        """Whether the gateway answers and takes our key, found out without sending anything."""

    def health(self) -> bool | None:
        """The health question: would it take a message now, as far as it can tell without one.

        It is asked often while the gateway is away, and answers within a few seconds; None where it cannot be
        asked, or where only a real message can tell.
        """
        return None

    def is_sign_of_life(self, request: CallbackRequest) -> bool:
        """Whether an authenticated callback shows that the phone is there; what came from it does."""
        return any(
            isinstance(event, Reply) or event.kind in (ReceiptKind.SENT, ReceiptKind.DELIVERED)
            for event in self.read_callback(request)
        )

    def signature_is_good(self, request: CallbackRequest, now: datetime) -> bool | None:
        """Whether the callback is signed by the gateway; None where it carries no signature."""
        return None

    def read_callback(self, request: CallbackRequest) -> list[Receipt | Reply]:
        """What an authenticated callback says; empty where it says nothing of use."""
        return []

    def poll(self, message_id: str) -> Receipt | None:
        """How far the gateway says an SMS came that it took; None where it does not say."""
        return None

    def phone_state(self) -> PhoneState | None:
        """How the phone is; None where the gateway cannot be asked or does not answer."""
        return None
