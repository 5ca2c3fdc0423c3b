"""What an app asks for in the first step, and what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from otp_worker.domain.inbound_token import Invitation
from otp_worker.domain.limits import Remaining
from otp_worker.domain.payment import Payment
from otp_worker.domain.verification import DeliveryStatus, Verification


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What an app asks for; what it leaves out is the operator's default.

    A ``new`` code is asked for even where one is pending for the same person. ``request_id`` is that of the
    HTTP request, by which the log and the verification are found. ``limits`` are the values to be counted in
    the app's own buckets, by the buckets' names. ``fields`` are the values of those that the template
    declares. ``android_hash`` is that of the app's Android app that is to read the SMS. ``code`` is one that
    the app gives itself, and ``payment`` what the code is to be specific to.
    """

    to: str
    user: str | None = None
    channel: str = "sms"
    template: str | None = None
    locale: str | None = None
    ip: str | None = None
    ttl_seconds: int | None = None
    code_length: int | None = None
    new: bool = False
    request_id: str | None = None
    purpose: str | None = None
    client_reference: str | None = None
    tags: Mapping[str, str] | None = None
    limits: Mapping[str, str] | None = None
    fields: Mapping[str, str] | None = None
    android_hash: str | None = None
    code: str | None = field(default=None, repr=False)
    payment: Payment | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a new delivery waits in the database instead of going on the queue, in the delivery's words."""

    status: DeliveryStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was asked for and will be sent; ``left`` is what the limits leave after it.

    ``inbound`` is what the person is to text instead, where that was asked for; ``resent`` says that the
    verification was pending already.
    """

    verification: Verification
    left: list[Remaining]
    inbound: Invitation | None = None
    resent: bool = False
