"""The bodies of endpoints: where an app is told of events."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from otp_worker.domain.app_setting_values import LONGEST_URL
from otp_worker.domain.endpoint import LONGEST_OVERLAP_SECONDS, OVERLAP_SECONDS, Endpoint
from otp_worker.domain.event import Event
from otp_worker.operations.endpoints import WithSecret
from otp_worker.store.endpoint_events import EventState, LoggedEvent
from otp_worker.store.trail import MOST

from .fields import Incoming
from .trail import DEFAULT_LIMIT, Instant

_URL_EXAMPLE = "https://shop.example/otp-events"
Url = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)]
EventId = Annotated[str, StringConstraints(pattern=r"^evt_[0-9A-Z]{26}$")]


def _events(value: Any) -> Any:
    if value is None:
        return None
    is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
    if not is_list or not 0 < len(value) <= len(Event) or not set(value) <= set(Event):
        raise ValueError(f"give one or more of {', '.join(Event)}, or null for all")
    return [Event(each) for each in value]


def _state(value: Any) -> EventState:
    if isinstance(value, str) and value in list(EventState):
        return EventState(value)
    raise ValueError(f"give one of {', '.join(EventState)}")


Events = Annotated[list[Event] | None, BeforeValidator(_events)]
_EVENTS = Field(
    None,
    description="Which events; null is all, also those that a newer version has.",
    examples=[["verification.approved", "verification.failed"]],
)


class NewEndpointBody(Incoming):
    """Where events are to be posted."""

    url: Url = Field(
        description="An https URL on the public internet. The operator may allow their own network.",
        examples=[_URL_EXAMPLE],
    )
    events: Events = _EVENTS
    clear_numbers: bool = Field(
        default=False, description="Whether `data` has the whole `number` beside `to`, which is masked."
    )


class EndpointChangesBody(Incoming):
    """What is to be changed; what is not named stays."""

    url: Url = Field("", description="As for a new one.", examples=[_URL_EXAMPLE])
    events: Events = _EVENTS
    clear_numbers: bool = Field(default=False, description="As for a new one.")
    disabled: bool = Field(
        default=False,
        description="false enables it: it is told of what happens from now on, and of what waits. What "
        "happened while it was disabled is for a replay.",
    )

    def changes(self) -> dict[str, object]:
        """What was given, and nothing else."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class RotationBody(Incoming):
    """How a secret is replaced."""

    overlap_seconds: int = Field(
        OVERLAP_SECONDS,
        ge=0,
        le=LONGEST_OVERLAP_SECONDS,
        description="So long the secret before signs too: each post has two signatures.",
        examples=[3600],
    )


class ReplayBody(Incoming):
    """From when on."""

    since: Instant = Field(
        description="What happened at this instant or later, and was not taken, is told.",
        examples=["2026-03-01T12:00:00Z"],
    )


class EventsQuery(BaseModel):
    """The parameters of a list of events."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    state: Annotated[EventState, BeforeValidator(_state)] | None = Field(
        None, description="Only those that came so far.", examples=["given_up"]
    )
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MOST, description="How many, at most.")
    cursor: EventId | None = Field(None, description="`next_cursor` of the page before.")


class EndpointBody(BaseModel):
    """Where events are posted, and how it fares."""

    id: str = Field(examples=["ep_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"])
    url: str = Field(examples=[_URL_EXAMPLE])
    events: list[str] | None = Field(description="Null is all.", examples=[["verification.approved"]])
    clear_numbers: bool
    disabled_at: datetime | None = Field(description="Since when it is told of nothing.")
    disabled_reason: str | None = Field(description="Why, in words.")
    failures: int = Field(description="How many attempts in a row failed.", examples=[0])
    failing_since: datetime | None = Field(description="Since when nothing was taken.")
    previous_secret_until: datetime | None = Field(description="Until when the secret before signs too.")
    replay_since: datetime | None = Field(description="Since when what it missed is being told, if it is.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, endpoint: Endpoint) -> "EndpointBody":
        """An endpoint as the API shows it."""
        return cls(**{name: getattr(endpoint, name) for name in cls.model_fields if name != "secret"})


class EndpointsBody(BaseModel):
    """The endpoints of an app, the oldest first."""

    endpoints: list[EndpointBody]


class EndpointSecretBody(EndpointBody):
    """An endpoint with the secret that its posts are signed with."""

    secret: str = Field(
        description="Shown this once. Every library of Standard Webhooks takes it as it is.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="],
    )

    @classmethod
    def shown(cls, made: WithSecret) -> "EndpointSecretBody":
        """An endpoint with its new secret."""
        return cls(**dict(EndpointBody.of(made.endpoint)), secret=made.secret)


class EndpointEventBody(BaseModel):
    """An event on its way to an endpoint."""

    id: str = Field(description="`webhook-id` of every attempt.", examples=["evt_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"])
    type: str = Field(examples=["verification.approved"])
    verification_id: str | None = Field(
        description="Of the verification or message.", examples=["ver_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"]
    )
    at: datetime = Field(description="When it happened.")
    state: EventState
    attempts: int = Field(examples=[1])
    answer: str | None = Field(
        description="What came of the last attempt: an HTTP status, or no answer.", examples=["503"]
    )
    next_attempt_at: datetime | None
    taken_at: datetime | None

    @classmethod
    def of(cls, event: LoggedEvent) -> "EndpointEventBody":
        """An event as the API shows it."""
        return cls(
            id=event.id,
            type=event.type,
            verification_id=event.verification_id,
            at=event.at,
            state=event.state,
            attempts=event.attempts,
            answer=event.answer,
            next_attempt_at=event.due_at,
            taken_at=event.taken_at,
        )


class EndpointEventsBody(BaseModel):
    """A page of events, newest first."""

    events: list[EndpointEventBody]
    next_cursor: str | None = Field(description="Leads to the next page; null after the last one.")

    @classmethod
    def of(cls, found: list[LoggedEvent], limit: int) -> "EndpointEventsBody":
        """A page as the API shows it; ``found`` may have one more, which tells that there is another page."""
        page = found[:limit]
        return cls(
            events=[EndpointEventBody.of(each) for each in page],
            next_cursor=page[-1].id if len(found) > limit else None,
        )
