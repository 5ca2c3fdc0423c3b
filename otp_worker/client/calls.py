"""The calls of the API: what each one sends and how its answer is read. Nothing here does input or output."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from otp_worker.client.answers import Answer, read_accepted, read_as
from otp_worker.client.errors import NotFoundError
from otp_worker.client.models import (
    Accepted,
    CheckResult,
    Invited,
    Page,
    Problem,
    Timeline,
    Verification,
)

_ALL = "/v1/verifications"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One call: what is sent, and how a 2xx is read.

    ``repeatable`` says whether it has one effect however often it arrives, so that it may be sent again
    when nobody knows whether it arrived.
    """

    method: str
    path: str
    read: Callable[[Answer], T]
    repeatable: bool
    body: dict[str, object] | None = None
    query: dict[str, str] | None = None
    idempotency_key: str | None = None


def send(
    to: str,
    *,
    user: str | None = None,
    channel: str | None = None,
    template: str | None = None,
    fields: Mapping[str, str] | None = None,
    locale: str | None = None,
    ip: str | None = None,
    ttl_seconds: int | None = None,
    code_length: int | None = None,
    code: str | None = None,
    amount: str | None = None,
    currency: str | None = None,
    payee: str | None = None,
    purpose: str | None = None,
    client_reference: str | None = None,
    tags: Mapping[str, str] | None = None,
    limits: Mapping[str, str] | None = None,
    android_hash: str | None = None,
    new: bool | None = None,
    idempotency_key: str | None = None,
) -> Call[Accepted]:
    """Ask for a code to be sent to a mobile number, or with the ``channel`` email to an address.

    A repeated send for the same number, user and purpose is a resend while its code is pending; ``new=True``
    asks for another code. ``code`` is one of your own, where the operator lets your app give it. The code is
    good for the payment of ``amount``, ``currency`` and ``payee`` alone. ``ip`` is the end user's address,
    for limits. Without an ``idempotency_key`` each call makes its own, so that its retries send one SMS; give
    one to make your own retries safe too.
    """
    body = given(
        to=to, user=user, ip=ip, ttl_seconds=ttl_seconds, code_length=code_length, code=code, new=new
    )
    body |= given(template=template, fields=fields, locale=locale, android_hash=android_hash, code=code)
    body |= given(amount=amount, currency=currency, payee=payee, channel=channel)
    body |= given(purpose=purpose, client_reference=client_reference, tags=tags, limits=limits)
    return Call("POST", _ALL, read_accepted(Accepted), True, body, idempotency_key=key_of(idempotency_key))


def invite(
    to: str,
    *,
    user: str | None = None,
    ip: str | None = None,
    ttl_seconds: int | None = None,
    purpose: str | None = None,
    client_reference: str | None = None,
    tags: Mapping[str, str] | None = None,
    limits: Mapping[str, str] | None = None,
) -> Call[Invited]:
    """Let the person text a token to the operator's number (reverse verification).

    Show ``inbound.token`` and ``inbound.text_to``; ``get`` says ``approved`` once it came. The sender's
    number of an SMS can be forged, so this is weaker proof than a code. A call whose answer was lost is not
    repeated.
    """
    body = given(
        to=to,
        channel="inbound",
        user=user,
        ip=ip,
        ttl_seconds=ttl_seconds,
        purpose=purpose,
        client_reference=client_reference,
        tags=tags,
        limits=limits,
    )
    return Call("POST", _ALL, read_accepted(Invited), False, body)


def resend(verification_id: str, *, idempotency_key: str | None = None) -> Call[Accepted]:
    """Send the same code once more. Raises TooSoonError before ``resend_at``."""
    path = f"{path_of(_ALL, verification_id)}/resend"
    return Call("POST", path, read_accepted(Accepted), True, idempotency_key=key_of(idempotency_key))


def check(
    verification_id: str,
    code: str,
    *,
    amount: str | None = None,
    currency: str | None = None,
    payee: str | None = None,
    ip: str | None = None,
) -> Call[CheckResult]:
    """Judge what the person typed, given as text: a wrong code is a result, not an error.

    The code of a payment is judged with its ``amount``, ``currency`` and ``payee``: another one is wrong.

    Raises VerificationEndedError and NumberLockedError. Each check counts, so one whose answer was lost
    is not repeated.
    """
    return Call(
        "POST",
        f"{path_of(_ALL, verification_id)}/check",
        read_as(CheckResult),
        False,
        given(code=code, amount=amount, currency=currency, payee=payee, ip=ip),
    )


def check_number(
    to: str,
    code: str,
    *,
    purpose: str | None = None,
    amount: str | None = None,
    currency: str | None = None,
    payee: str | None = None,
    ip: str | None = None,
) -> Call[CheckResult]:
    """Judge a code against a number's newest pending verification, where your app keeps no id.

    It is one of that purpose, or without one, one that was asked for without.
    """
    body = given(to=to, code=code, purpose=purpose, amount=amount, currency=currency, payee=payee, ip=ip)
    return Call("POST", f"{_ALL}/check", read_as(CheckResult), False, body)


def get(verification_id: str) -> Call[Verification]:
    """Look at a verification as it stands."""
    return Call("GET", path_of(_ALL, verification_id), read_as(Verification), True)


def cancel(verification_id: str) -> Call[Verification]:
    """End a verification that is not wanted any more. Raises VerificationEndedError."""
    return Call("POST", f"{path_of(_ALL, verification_id)}/cancel", read_as(Verification), True)


def timeline(verification_id: str) -> Call[Timeline]:
    """What happened to a verification, and why it is where it is."""
    return Call("GET", f"{path_of(_ALL, verification_id)}/timeline", read_as(Timeline), True)


def list_page(
    *,
    user: str | None = None,
    status: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    purpose: str | None = None,
    client_reference: str | None = None,
    tag: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page]:
    """A page of your app's verifications, newest first; instants have a time zone, a tag a colon in it."""
    asked = given(
        user=user, status=status, since=as_text(since), until=as_text(until), limit=limit, cursor=cursor
    )
    asked |= given(purpose=purpose, client_reference=client_reference, tag=tag)
    query = {name: str(value) for name, value in asked.items()}
    return Call("GET", _ALL, read_as(Page), True, query=query)


def search(
    to: str,
    *,
    user: str | None = None,
    status: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    purpose: str | None = None,
    client_reference: str | None = None,
    tag: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page]:
    """A page of the verifications of one number, newest first."""
    body = given(to=to, user=user, status=status, since=as_text(since), until=as_text(until), cursor=cursor)
    body |= given(purpose=purpose, client_reference=client_reference, tag=tag, limit=limit)
    return Call("POST", f"{_ALL}/search", read_as(Page), True, body)


def given(**fields: object) -> dict[str, object]:
    """What was given, so that the service's defaults hold for the rest."""
    return {name: value for name, value in fields.items() if value is not None}


def as_text(instant: datetime | None) -> str | None:
    """An instant as a query has it. Raises ValueError without a time zone."""
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise ValueError("give an instant with its time zone, such as datetime.now(UTC)")
    return instant.isoformat()


def key_of(wanted: str | None) -> str:
    """The Idempotency-Key that is wanted, or a new one. Raises ValueError."""
    if wanted is None:
        return str(uuid.uuid4())
    if not _KEY.fullmatch(wanted):
        raise ValueError("an Idempotency-Key is 1 to 255 printable ASCII characters without spaces")
    return wanted


def path_of(room: str, its_id: str) -> str:
    """The path of a verification or a message. Raises NotFoundError for what cannot be an id."""
    # It may be anything, such as a way to another path: it is not sent.
    if not _ID.fullmatch(its_id):
        raise NotFoundError(
            Problem(
                type="urn:otp-worker:problem:not_found",
                title="not found",
                status=404,
                detail=f"There is no such {room.rpartition('/')[2].removesuffix('s')}.",
            )
        )
    return f"{room}/{its_id}"
