"""The bodies of messages: an SMS whose text its app gives. No answer repeats the text."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.limits import Remaining
from otp_worker.domain.message import (
    MAX_LIFE_SECONDS,
    MAX_SEGMENTS,
    MIN_LIFE_SECONDS,
    MessageStatus,
    Priority,
    status_at,
)
from otp_worker.domain.public_reason import public_reason
from otp_worker.domain.texts.alphabet import size_of
from otp_worker.domain.verification import Verification
from otp_worker.operations.trail import Page, Trail
from otp_worker.operations.wait_estimate import WaitEstimate
from otp_worker.store.trail import MOST, Place, Wanted

from .fields import Incoming, Ip, To
from .limits import GivenBuckets, LeftBody
from .problems import ProblemBody
from .references import ClientReference, Tags
from .trail import DEFAULT_LIMIT, Cursor, Instant, MomentBody, User, cursor_of, place_of
from .verifications import DeliveryBody

LONGEST_TEXT = 1600
MOST_AT_ONCE = 1000
_LONGEST_LIFE = max(MAX_LIFE_SECONDS.values())


def _text(value: str) -> str:
    text = value.replace("\r\n", "\n")
    if not text.strip() or not all(each.isprintable() for each in text.split("\n")):
        raise ValueError("give a text of printable characters; it may have line breaks")
    if size_of(text).segments > MAX_SEGMENTS:
        raise ValueError(f"takes {size_of(text).segments} SMS; {MAX_SEGMENTS} at most are sent for one text")
    return text


def _priority(value: object) -> Priority:
    if isinstance(value, str) and value in list(Priority):
        return Priority(value)
    raise ValueError(f"give one of {', '.join(Priority)}")


class MessageBody(GivenBuckets, Incoming):
    """A text to be sent."""

    to: To
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_text)] = (
        Field(
            description="What the SMS says. It is kept sealed until it is sent, and no answer shows it.",
            examples=["Your parcel comes today between 14:00 and 15:00."],
        )
    )
    expires_in_seconds: int | None = Field(
        None,
        ge=MIN_LIFE_SECONDS,
        le=_LONGEST_LIFE,
        description="It is not sent any more after that. At most an hour for a code, 3 days for a notice. "
        "Without it the operator's deadline holds for a code, a day for a notice.",
        examples=[300],
    )
    priority: Annotated[Priority, BeforeValidator(_priority)] = Field(
        Priority.CODE,
        description="code: somebody waits for it. notice: it gives way to every code.",
    )
    user: User | None = Field(
        None, description="Your own reference to the person; comes back as it is.", examples=["user-17"]
    )
    ip: Ip = None
    client_reference: ClientReference | None = Field(
        None, description="Your own reference to what it is for.", examples=["order-1017"]
    )
    tags: Tags | None = Field(
        None, description="Up to 10 names with values, to find it by.", examples=[{"campaign": "spring"}]
    )

    def refuse_too_long(self) -> None:
        """Raise InvalidFieldError for a life that its priority does not allow."""
        most = MAX_LIFE_SECONDS[self.priority]
        if self.expires_in_seconds is not None and self.expires_in_seconds > most:
            raise InvalidFieldError("expires_in_seconds", f"give {most} or less for a {self.priority}")


class SentMessageBody(BaseModel):
    """A message: the number masked, the text never."""

    id: str = Field(examples=["msg_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"])
    status: MessageStatus
    reason: str | None = Field(description="Why it is not sent, or not sent yet, in words.")
    to: str = Field(description="The number, masked.", examples=["+44********56"])
    priority: Priority
    user: str | None = Field(examples=["user-17"])
    client_reference: str | None = Field(examples=["order-1017"])
    tags: dict[str, str] = Field(examples=[{"campaign": "spring"}])
    delivery: DeliveryBody
    created_at: datetime
    expires_at: datetime = Field(description="It is not sent any more after this.")
    ended_at: datetime | None

    @classmethod
    def of(cls, found: Verification, now: datetime, wait: WaitEstimate | None = None) -> "SentMessageBody":
        """A message as it stands at ``now``."""
        sms = found.delivery
        return cls(
            id=found.id,
            status=status_at(found, now),
            reason=public_reason(sms.status, sms.reason),
            to=found.to,
            priority=Priority(sms.priority or Priority.CODE),
            user=found.user,
            client_reference=found.client_reference,
            tags=dict(found.tags),
            delivery=DeliveryBody.of(sms, wait),
            created_at=found.created_at,
            expires_at=sms.deadline_at,
            ended_at=found.ended_at,
        )


class AcceptedMessageBody(SentMessageBody):
    """A message that will be sent."""

    limits: list[LeftBody] = Field(description="What the limits and the app's buckets leave after this SMS.")

    @classmethod
    def accepted(cls, body: SentMessageBody, left: list[Remaining]) -> "AcceptedMessageBody":
        """A message's body with what is left."""
        return cls(**dict(body), limits=[LeftBody.of(each) for each in left])


class MessagesQuery(BaseModel):
    """The parameters of a list of messages."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    user: User | None = Field(None, description="Your own reference to the person.", examples=["user-17"])
    client_reference: ClientReference | None = Field(
        None, description="Your own reference to what they are for.", examples=["order-1017"]
    )
    since: Instant | None = Field(
        None, description="Those asked for at this instant or later.", examples=["2026-03-01T12:00:00Z"]
    )
    until: Instant | None = Field(
        None, description="Those asked for before this instant.", examples=["2026-03-02T00:00:00Z"]
    )
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MOST, description="How many, at most.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")

    def wanted(self, app: str) -> Wanted:
        """What is looked for, of one app. Raises InvalidFieldError."""
        if self.since is not None and self.until is not None and self.since > self.until:
            raise InvalidFieldError("since", "is later than until; swap the two")
        return Wanted(
            app,
            self.user,
            since=self.since,
            until=self.until,
            client_reference=self.client_reference,
            messages=True,
        )

    @property
    def after(self) -> Place | None:
        """Where the page begins."""
        return place_of(self.cursor) if self.cursor is not None else None


class MessagesBody(BaseModel):
    """A page of messages, newest first."""

    messages: list[SentMessageBody]
    next_cursor: str | None = Field(description="Leads to the next page; null after the last one.")

    @classmethod
    def of(cls, page: Page, now: datetime) -> "MessagesBody":
        """A page as the API shows it."""
        return cls(
            messages=[SentMessageBody.of(each, now) for each in page.verifications],
            next_cursor=cursor_of(page.last) if page.last else None,
        )


class MessageTimelineBody(BaseModel):
    """Where a message is, in one sentence, and how it came there."""

    id: str = Field(examples=["msg_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"])
    status: MessageStatus
    cause: str = Field(
        description="Why it is where it is, in words that may be shown to support.",
        examples=["Delivered 1.3 s after the phone came back; it was offline for 94 s."],
    )
    timeline: list[MomentBody]

    @classmethod
    def of(cls, trail: Trail, now: datetime) -> "MessageTimelineBody":
        """A message's trail as its app may know it."""
        return cls(
            id=trail.verification.id,
            status=status_at(trail.verification, now),
            cause=trail.cause.for_apps,
            timeline=[MomentBody.of(each, for_operators=False) for each in trail.moments],
        )


class BatchBody(Incoming):
    """Several texts to be sent."""

    messages: Annotated[
        list[Any],
        Field(min_length=1, max_length=MOST_AT_ONCE),
        WithJsonSchema(
            {
                "type": "array",
                "items": {"$ref": "#/components/schemas/MessageBody"},
                "minItems": 1,
                "maxItems": MOST_AT_ONCE,
            }
        ),
    ] = Field(description="Each is judged by itself: what is wrong with one is no other's harm.")


class BatchItemBody(BaseModel):
    """What became of one text of a batch: a message, or why it is refused."""

    message: AcceptedMessageBody | None = None
    problem: ProblemBody | None = None
    retry_at: datetime | None = Field(None, description="When it may be asked for again, if that is known.")


class BatchAnswerBody(BaseModel):
    """What became of each text of a batch, in their order."""

    accepted: int
    refused: int
    results: list[BatchItemBody]
