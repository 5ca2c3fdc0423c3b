"""The JSON that comes in and goes out, as models: what they allow is what OpenAPI says."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from otp_worker.domain.cause.words import of_email
from otp_worker.domain.inbound_token import Invitation
from otp_worker.domain.limits import Remaining
from otp_worker.domain.passcode import MAX_LENGTH, MIN_LENGTH
from otp_worker.domain.policy import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS
from otp_worker.domain.public_reason import public_reason
from otp_worker.domain.verification import (
    EMAIL_ROUTE,
    Delivery,
    DeliveryStatus,
    Verification,
    VerificationStatus,
)
from otp_worker.operations.wait_estimate import WaitEstimate
from otp_worker.verify import CheckResult

from .fields import LOCALES, Code, GivenCode, GivenPayment, Ip, To
from .limits import GivenBuckets, LeftBody
from .references import GivenReferences, Printable, Purpose, References
from .templates import ANDROID_HASH, Fields


class _Send(BaseModel):
    to: To
    user: Annotated[str, Printable, StringConstraints(min_length=1, max_length=128)] | None = Field(
        None, description="The app's own reference to its user; comes back as it is."
    )
    channel: Literal["sms", "email", "inbound"] = Field(
        "sms",
        description="email: the code goes to an e-mail address, which `to` is then; off unless the operator "
        "turns it on. inbound: nothing is sent, the person texts a token to us. The sender's number of an "
        "SMS can be forged, so this is weaker proof than a code, and off unless the operator turns it on.",
    )
    template: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = Field(
        None,
        description="The name of one of your app's templates, or of the operator's. Without it the one that "
        "is called default is used, if there is one.",
    )
    fields: Fields | None = Field(
        None,
        description="A value for each field that your app's template declares. One line, without a link, and "
        "without four digits in a row.",
        examples=[{"order": "A-17"}],
    )
    android_hash: Annotated[str, StringConstraints(pattern=ANDROID_HASH.pattern)] | None = Field(
        None,
        description="Which of your Android apps is to read the SMS: one of the app's android_hashes. Without "
        "it the first holds.",
        examples=["FA+9qCX9VSu"],
    )
    locale: Annotated[str, StringConstraints(pattern=LOCALES, max_length=200)] | None = Field(
        None,
        description="The language of the SMS: a BCP 47 tag, or a list as in Accept-Language. Without it the "
        "app's language holds, else the operator's, else that of the number's country.",
        examples=["de-AT", "de-AT,de;q=0.9"],
    )
    ip: Ip = None
    ttl_seconds: int | None = Field(None, ge=MIN_LIFE_SECONDS, le=MAX_LIFE_SECONDS)
    code_length: int | None = Field(None, ge=MIN_LENGTH, le=MAX_LENGTH)
    code: GivenCode | None = Field(
        None,
        description="A code that the app gives itself, where its setting custom_codes is on; it is what is "
        "sent and checked. It is kept sealed to the workers until the verification is over. Another code "
        "while one is pending is a new verification.",
        examples=["402853"],
    )
    new: bool = Field(
        False,
        description="Ask for a new code where one is pending for the same number, user and purpose; what is "
        "not sent of that one is called back. Without it a repeated request is a resend.",
    )


class SendBody(GivenBuckets, GivenReferences, GivenPayment, _Send):
    """A request for a passcode."""


class _Check(BaseModel):
    code: Code
    ip: Ip = None


class CheckBody(GivenPayment, _Check):
    """A code to be judged."""


class _NumberCheck(BaseModel):
    to: To
    code: Code
    ip: Ip = None
    purpose: Purpose | None = Field(
        None, description="The purpose it was asked for; null for one that was asked for without."
    )


class NumberCheckBody(GivenPayment, _NumberCheck):
    """A code to be judged against a number's newest pending verification."""


class WaitBody(BaseModel):
    """Where a delivery stands that waits for the phone."""

    offline_since: datetime | None = Field(description="Since when the phone is offline, if it is.")
    position: int = Field(description="1 is the next to be sent.")
    expected_at: datetime | None = Field(
        description="When it is expected to be sent, where that can be known."
    )

    @classmethod
    def of(cls, wait: WaitEstimate) -> "WaitBody":
        """A wait as the API shows it."""
        return cls(offline_since=wait.offline_since, position=wait.position, expected_at=wait.expected_at)


class DeliveryBody(BaseModel):
    """The newest SMS of a verification."""

    status: DeliveryStatus
    attempts: int
    gateway: str | None
    reason: str | None = Field(description="Why it is not sent, or not sent yet, in words.")
    next_attempt_at: datetime | None
    deadline_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    wait: WaitBody | None = Field(description="Where it stands, while it waits for the phone.")

    @classmethod
    def of(cls, delivery: Delivery, wait: WaitEstimate | None) -> "DeliveryBody":
        """A delivery as the API shows it."""
        still_to_come = delivery.status in (DeliveryStatus.QUEUED, DeliveryStatus.WAITING)
        return cls(
            status=delivery.status,
            attempts=delivery.attempts,
            gateway=delivery.gateway,
            reason=_reason(delivery),
            next_attempt_at=delivery.due_at if still_to_come else None,
            deadline_at=delivery.deadline_at,
            sent_at=delivery.sent_at,
            delivered_at=delivery.delivered_at,
            wait=WaitBody.of(wait) if wait else None,
        )


def _reason(delivery: Delivery) -> str | None:
    said = public_reason(delivery.status, delivery.reason)
    return of_email(said) if said and delivery.route == EMAIL_ROUTE else said


class _Verification(BaseModel):
    id: str
    status: VerificationStatus
    to: str = Field(description="The number, or the address, masked.", examples=["+44********56"])
    reason: str | None = Field(description="Why it failed, in words.")
    user: str | None
    channel: str
    delivery: DeliveryBody | None = Field(description="The newest SMS; null for the channel inbound.")
    checks_left: int
    created_at: datetime
    expires_at: datetime
    resend_at: datetime = Field(description="A resend before this is too soon.")
    ended_at: datetime | None


class VerificationBody(References, _Verification):
    """A verification: the number masked, the code never."""

    @classmethod
    def of(cls, found: Verification, now: datetime, wait: WaitEstimate | None = None) -> "VerificationBody":
        """A verification as it stands at ``now``."""
        return cls(
            id=found.id,
            status=found.status_at(now),
            to=found.to,
            reason=public_reason(found.status_at(now), found.reason),
            user=found.user,
            channel=found.channel,
            delivery=DeliveryBody.of(found.newest_delivery, wait) if found.newest_delivery else None,
            checks_left=found.checks_left,
            created_at=found.created_at,
            expires_at=found.expires_at,
            resend_at=found.resend_at,
            ended_at=found.ended_at,
            purpose=found.purpose,
            client_reference=found.client_reference,
            tags=dict(found.tags),
        )


class InvitationBody(BaseModel):
    """What the person is to text, from the number that is to be verified."""

    text_to: str = Field(description="One of the operator's numbers.", examples=["+447400999999"])
    token: str = Field(description="Shown this once.", examples=["7K3Q-9XWD"])
    expires_at: datetime


class AcceptedBody(VerificationBody):
    """A verification of which an SMS will be sent, or is to come in."""

    resent: bool = Field(
        False,
        description="Whether this verification was pending already: the same id and the same code, and while "
        "its SMS is not sent yet that same SMS.",
    )
    inbound: InvitationBody | None = Field(None, description="For the channel inbound alone.")
    amount: str | None = Field(None, description="Told in the answer to a send alone, as its SMS has it.")
    currency: str | None = None
    payee: str | None = None
    limits: list[LeftBody] = Field(description="What the limits and the app's buckets leave after this SMS.")

    @classmethod
    def accepted(
        cls,
        body: VerificationBody,
        left: list[Remaining],
        inbound: Invitation | None = None,
        *,
        resent: bool = False,
    ) -> "AcceptedBody":
        """A verification's body with what is left, and what to text where that is asked for."""
        limits = [LeftBody.of(each) for each in left]
        invitation = (
            InvitationBody(text_to=inbound.text_to, token=inbound.token, expires_at=inbound.expires_at)
            if inbound
            else None
        )
        return cls(**dict(body), limits=limits, inbound=invitation, resent=resent)


class CheckResultBody(BaseModel):
    """What became of one check."""

    id: str
    status: VerificationStatus
    valid: bool
    checks_left: int

    @classmethod
    def of(cls, result: CheckResult) -> "CheckResultBody":
        """A check's result as the API shows it."""
        return cls(id=result.id, status=result.status, valid=result.valid, checks_left=result.checks_left)
