"""Lists of verifications: what may be asked for, the cursor that leads on, and how they are shown."""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.public_reason import public_reason
from otp_worker.domain.step import StepKind
from otp_worker.domain.timeline import Moment
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.operations.trail import Page, Trail
from otp_worker.store.trail import MOST, Place, Wanted

from .fields import Incoming, To
from .references import ClientReference, Printable, Purpose, References, Tag

DEFAULT_LIMIT = 50
_INSTANT = re.compile(r"[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.A)
_CURSOR = re.compile(r"(\d{1,17})\.((?:ver|msg)_[0-9A-Z]{26})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _instant(value: Any) -> datetime:
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("give an instant with its time zone, such as 2026-03-01T12:00:00Z")


def _status(value: Any) -> VerificationStatus:
    if isinstance(value, str) and value in list(VerificationStatus):
        return VerificationStatus(value)
    raise ValueError(f"give one of {', '.join(VerificationStatus)}")


def cursor_of(place: Place) -> str:
    """What leads an app to the next page; it is to be given back as it is."""
    text = f"{(place.created_at - _EPOCH) // _MICROSECOND}.{place.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """Where a cursor leads. Raises ValueError for what no list gave."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
        found = _CURSOR.fullmatch(text)
        if found is not None:
            return Place(_EPOCH + int(found[1]) * _MICROSECOND, found[2])
    except (ValueError, OverflowError, binascii.Error):
        pass
    raise ValueError("no list gave this; leave it out to begin with the newest")


def _known(cursor: str) -> str:
    place_of(cursor)
    return cursor


Instant = Annotated[datetime, BeforeValidator(_instant)]
User = Annotated[str, Printable, StringConstraints(min_length=1, max_length=128)]
Status = Annotated[VerificationStatus, BeforeValidator(_status)]
Cursor = Annotated[str, StringConstraints(max_length=100), AfterValidator(_known)]


class _Filter(BaseModel):
    """Which verifications are asked for."""

    user: User | None = Field(None, description="Your own reference to the person.", examples=["user-17"])
    status: Status | None = Field(None, description="As it stands now.", examples=["failed"])
    since: Instant | None = Field(
        None, description="Those asked for at this instant or later.", examples=["2026-03-01T12:00:00Z"]
    )
    until: Instant | None = Field(
        None, description="Those asked for before this instant.", examples=["2026-03-02T00:00:00Z"]
    )
    purpose: Purpose | None = Field(None, description="What they are for.", examples=["payment"])
    client_reference: ClientReference | None = Field(
        None, description="Your own reference to what they are for.", examples=["order-1017"]
    )
    tag: Tag | None = Field(
        None, description="A tag's name and value, with a colon between them.", examples=["campaign:spring"]
    )
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MOST, description="How many, at most.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")

    def wanted(self, app: str | None) -> Wanted:
        """What is looked for, of one app or of all. Raises InvalidFieldError."""
        if self.since is not None and self.until is not None and self.since > self.until:
            raise InvalidFieldError("since", "is later than until; swap the two")
        name, _, value = (self.tag or "").partition(":")
        return Wanted(
            app,
            self.user,
            self.status,
            self.since,
            self.until,
            purpose=self.purpose,
            client_reference=self.client_reference,
            tag=(name, value) if self.tag else None,
        )

    @property
    def after(self) -> Place | None:
        """Where the page begins."""
        return place_of(self.cursor) if self.cursor is not None else None


class ListQuery(_Filter):
    """The parameters of a list."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _Number(BaseModel):
    to: To


class SearchBody(_Filter, _Number, Incoming):
    """A number, and which of its verifications are asked for."""


class _Listed(BaseModel):
    id: str = Field(examples=["ver_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"])
    status: VerificationStatus
    to: str = Field(description="The number, masked.", examples=["+44********56"])
    app: str = Field(examples=["shop"])
    reason: str | None = Field(description="Why it failed, in words.")
    user: str | None = Field(examples=["user-17"])
    channel: str = Field(examples=["sms"])
    delivery_status: DeliveryStatus | None = Field(
        description="Of the newest SMS; null for the channel inbound."
    )
    created_at: datetime
    sent_at: datetime | None = Field(description="When the newest SMS was handed over.")
    delivered_at: datetime | None
    expires_at: datetime
    ended_at: datetime | None


class ListedBody(References, _Listed):
    """One verification of a list: the number masked, the code never."""

    @classmethod
    def of(cls, found: Verification, now: datetime) -> "ListedBody":
        """A verification as it stands at ``now``."""
        sms, status = found.newest_delivery, found.status_at(now)
        return cls(
            id=found.id,
            app=found.app,
            status=status,
            reason=public_reason(status, found.reason),
            to=found.to,
            user=found.user,
            channel=found.channel,
            delivery_status=sms.status if sms else None,
            created_at=found.created_at,
            sent_at=sms.sent_at if sms else None,
            delivered_at=sms.delivered_at if sms else None,
            expires_at=found.expires_at,
            ended_at=found.ended_at,
            purpose=found.purpose,
            client_reference=found.client_reference,
            tags=dict(found.tags),
        )


class VerificationsBody(BaseModel):
    """A page of verifications, newest first."""

    verifications: list[ListedBody]
    next_cursor: str | None = Field(description="Leads to the next page; null after the last one.")

    @classmethod
    def of(cls, page: Page, now: datetime) -> "VerificationsBody":
        """A page as the API shows it."""
        return cls(
            verifications=[ListedBody.of(each, now) for each in page.verifications],
            next_cursor=cursor_of(page.last) if page.last else None,
        )


class MomentBody(BaseModel):
    """One thing that happened."""

    at: datetime
    kind: StepKind
    milliseconds: int = Field(description="Since the first one.", examples=[1300])
    what: str = Field(description="In words.", examples=["the SMS was handed over"])

    @classmethod
    def of(cls, moment: Moment, *, for_operators: bool) -> "MomentBody":
        """A line of a trail; apps are told nothing of SIMs, gateways and workers."""
        what = moment.for_operators if for_operators else moment.for_apps
        return cls(at=moment.at, kind=moment.kind, milliseconds=moment.milliseconds, what=what)


class TimelineBody(BaseModel):
    """Where a code is, in one sentence, and how it came there."""

    id: str = Field(examples=["ver_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"])
    status: VerificationStatus
    cause: str = Field(
        description="Why it is where it is, in words that may be shown to support.",
        examples=["Delivered 1.3 s after the phone came back; it was offline for 94 s."],
    )
    timeline: list[MomentBody]

    @classmethod
    def of(cls, trail: Trail, now: datetime, *, for_operators: bool) -> "TimelineBody":
        """A trail as an app, or the operator, may know it."""
        return cls(
            id=trail.verification.id,
            status=trail.verification.status_at(now),
            cause=trail.cause.for_operators if for_operators else trail.cause.for_apps,
            timeline=[MomentBody.of(each, for_operators=for_operators) for each in trail.moments],
        )
