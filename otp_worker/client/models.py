"""What the service answers, as frozen models.

They are pydantic models, because it judges and converts nested answers (instants, enumerations) and names
what does not fit; the service's own schemas are made of it too. A field that a newer service adds is ignored,
and a status that it adds stays text, so that a newer service does not break an older client.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


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


# The enumeration is tried first: a text that it knows is one of its members.
AnyVerificationStatus = Annotated[VerificationStatus | str, Field(union_mode="left_to_right")]
AnyDeliveryStatus = Annotated[DeliveryStatus | str, Field(union_mode="left_to_right")]


class Answered(BaseModel):
    """Any part of an answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Wait(Answered):
    """Where a delivery stands that waits for the phone: ``position`` 1 is the next to be sent."""

    offline_since: AwareDatetime | None
    position: int
    expected_at: AwareDatetime | None


class Delivery(Answered):
    """The newest SMS of a verification; ``reason`` says in words why it is not sent, or not sent yet."""

    status: AnyDeliveryStatus
    attempts: int
    gateway: str | None
    reason: str | None
    next_attempt_at: AwareDatetime | None
    deadline_at: AwareDatetime
    sent_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
    wait: Wait | None


class Verification(Answered):
    """A verification: ``to`` is the number, masked. A resend before ``resend_at`` is too soon."""

    id: str
    status: AnyVerificationStatus
    reason: str | None
    to: str
    user: str | None
    channel: str
    delivery: Delivery | None
    checks_left: int
    created_at: AwareDatetime
    expires_at: AwareDatetime
    resend_at: AwareDatetime
    ended_at: AwareDatetime | None
    purpose: str | None = None
    client_reference: str | None = None
    tags: dict[str, str] = {}

    @property
    def pending(self) -> bool:
        """Whether its code can still be entered."""
        return self.status == VerificationStatus.PENDING

    @property
    def approved(self) -> bool:
        """Whether the right code was entered, or the right token texted."""
        return self.status == VerificationStatus.APPROVED


class Left(Answered):
    """What a limit of the operator's, or a bucket of the app's, leaves in one of its windows."""

    limit: str
    window_seconds: int
    left: int
    bucket: str | None = None


class Accepted(Verification):
    """A verification of which an SMS will be sent.

    ``resent`` says that it was pending already. ``replayed`` says that this answer was given before, to a
    request with the same Idempotency-Key.
    """

    resent: bool = False
    amount: str | None = None
    currency: str | None = None
    payee: str | None = None
    limits: tuple[Left, ...] = ()
    replayed: bool = False


class Invitation(Answered):
    """What the person is to text from the number that is to be verified; ``token`` is shown this once."""

    text_to: str
    token: str
    expires_at: AwareDatetime


class Invited(Accepted):
    """A verification that waits for the person's own SMS."""

    inbound: Invitation


class CheckResult(Answered):
    """What became of one check."""

    id: str
    status: AnyVerificationStatus
    valid: bool
    checks_left: int


class Listed(Answered):
    """One verification of a list."""

    id: str
    app: str
    status: AnyVerificationStatus
    reason: str | None
    to: str
    user: str | None
    channel: str
    delivery_status: AnyDeliveryStatus | None
    created_at: AwareDatetime
    sent_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
    expires_at: AwareDatetime
    ended_at: AwareDatetime | None
    purpose: str | None = None
    client_reference: str | None = None
    tags: dict[str, str] = {}


class Page(Answered):
    """A page of verifications, newest first; ``next_cursor`` is None on the last one."""

    verifications: tuple[Listed, ...]
    next_cursor: str | None


class Moment(Answered):
    """One thing that happened; ``milliseconds`` count from the first one, ``what`` is in words."""

    at: AwareDatetime
    kind: str
    milliseconds: int
    what: str


class Timeline(Answered):
    """What happened to a verification; ``cause`` is one sentence for your support."""

    id: str
    status: AnyVerificationStatus
    cause: str
    timeline: tuple[Moment, ...]


class FieldError(Answered):
    """What is wrong with one field of a request, and the fix."""

    field: str
    detail: str


class Problem(Answered):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: tuple[FieldError, ...] = ()
    id: str | None = None
    verification_status: AnyVerificationStatus | None = None
    message_status: str | None = None
    limit: str | None = None
    bucket: str | None = None

    @property
    def code(self) -> str:
        """The end of ``type``, which never changes, such as ``too_soon``."""
        return self.type.rpartition(":")[2].rpartition("/")[2]
