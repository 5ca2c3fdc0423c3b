"""The nouns: a verification, its deliveries, and the words for their states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

EMAIL_ROUTE = "mail"
"""The route of what goes by e-mail: no country's, and no phone's."""
EMAIL = "email"
"""The channel of what goes by e-mail alone."""


class VerificationStatus(StrEnum):
    """Where a verification stands; everything but ``pending`` is an end."""

    PENDING = "pending"
    APPROVED = "approved"
    CANCELED = "canceled"
    EXPIRED = "expired"
    FAILED = "failed"
    MAX_CHECKS_REACHED = "max_checks_reached"


class DeliveryStatus(StrEnum):
    """Where one SMS stands."""

    QUEUED = "queued"
    SENDING = "sending"
    WAITING = "waiting"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


OPEN = (DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.WAITING)
"""A delivery in one of these may still become an SMS; a verification has at most one such."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One SMS of a verification and the attempts to hand it to a gateway.

    ``route`` is the country by which its SIM is found, "test" for one that goes to none. ``priority`` is
    that of a message that gives way to codes.
    """

    id: str
    status: DeliveryStatus
    attempts: int
    route: str
    gateway: str | None
    sim: str | None
    reason: str | None
    created_at: datetime
    due_at: datetime
    deadline_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What an app may know of a verification: the number masked, the code never.

    ``client_reference`` and ``tags`` are its app's own words, by which it is found again.
    """

    id: str
    app: str
    status: VerificationStatus
    reason: str | None
    to: str
    user: str | None
    channel: str
    checks: int
    max_checks: int
    created_at: datetime
    expires_at: datetime
    resend_at: datetime
    ended_at: datetime | None
    newest_delivery: Delivery | None
    purpose: str | None = None
    client_reference: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def delivery(self) -> Delivery:
        """Its newest SMS. Raises LookupError where its person texts us, and nothing is sent."""
        if self.newest_delivery is None:
            raise LookupError(f"nothing is sent for {self.id}")
        return self.newest_delivery

    @property
    def checks_left(self) -> int:
        """How many more codes may be tried."""
        return max(self.max_checks - self.checks, 0)

    def status_at(self, now: datetime) -> VerificationStatus:
        """The status that holds at ``now``: time ends a verification whether or not a sweep has run."""
        if self.status is VerificationStatus.PENDING and now >= self.expires_at:
            return VerificationStatus.EXPIRED
        return self.status


def is_email(verification: Verification, delivery: Delivery) -> bool:
    """Whether a delivery of it is an e-mail; what a test key asked for has no route of its own."""
    return delivery.route == EMAIL_ROUTE or verification.channel == EMAIL
