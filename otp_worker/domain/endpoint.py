"""An endpoint: where an app is told of events. What it may be, when an event is tried again, when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from otp_worker.domain.app_setting_values import webhook_url
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.event import Event

ID_PREFIX = "ep_"
MOST_ENDPOINTS = 10
"""So many endpoints an app may have."""
LONGEST_OVERLAP_SECONDS = 7 * 86_400
OVERLAP_SECONDS = 86_400
"""How long the secret before signs too, unless it is said."""

RETRY_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""How long after each failed attempt the next one follows (Standard Webhooks): ten attempts in three days."""
JITTER = 0.1
PAUSE_SECONDS = (5, 15, 30, 60, 120, 300)
"""How long an endpoint that fails is left alone, after its first failure in a row, its second and so on."""
LONGEST_RETRY_AFTER = timedelta(days=1)
THROTTLING = (429, 502, 504)
THROTTLED_FOR = timedelta(seconds=60)
"""An endpoint that answers one of these is left alone for so long at least."""
TELL_AFTER = timedelta(hours=12)
"""The operator is told of an endpoint that has taken nothing for so long."""
DISABLE_AFTER = timedelta(hours=60)
"""An endpoint that has taken nothing for so long is disabled: its first event is at its last attempt then."""

GONE = "the endpoint answered 410"
FAILED = "nothing was taken for days"
BY_HAND = "it was disabled by hand"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an app is told of events: of ``events`` alone, or of all where that is None.

    ``clear_numbers`` has it told whole numbers instead of masked ones, and ``events_from`` is
    since when it is told. ``failures`` are attempts in a row that nothing came of, since ``failing_since``.
    """

    id: str
    app: str
    url: str
    events: tuple[str, ...] | None
    clear_numbers: bool
    created_at: datetime
    updated_at: datetime
    events_from: datetime
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    failures: int = 0
    failing_since: datetime | None = None
    previous_secret_until: datetime | None = None
    replay_since: datetime | None = None

    def wants(self, event: str) -> bool:
        """Whether it is told of such events."""
        return self.events is None or event in self.events


def check_url(url: str, *, private: bool) -> str:
    """A URL that events may be posted to; ``private`` allows addresses in the operator's own network.

    Raises InvalidFieldError. What a name stands for is judged when something is posted.
    """
    try:
        return webhook_url(url, private=private)
    except ValueError as error:
        raise InvalidFieldError("url", str(error)) from None


def check_events(events: Sequence[str] | None) -> tuple[str, ...] | None:
    """The events that an endpoint is to be told of; None for all. Raises InvalidFieldError."""
    if events is None:
        return None
    unknown = [each for each in events if each not in list(Event)]
    if unknown or not events:
        raise InvalidFieldError("events", f"give one or more of {', '.join(Event)}, or null for all")
    return tuple(each for each in Event if each in events)


def retry_at(attempt: int, now: datetime, retry_after: timedelta, chance: float) -> datetime | None:
    """When an event is tried again after its so manieth attempt failed; None where that was the last.

    ``chance`` in [0, 1) spreads the delay by a tenth either way. What the endpoint asked for is kept to.
    """
    if attempt > len(RETRY_SECONDS):
        return None
    seconds = RETRY_SECONDS[attempt - 1] * (1 - JITTER + 2 * JITTER * chance)
    return now + max(timedelta(seconds=seconds), min(retry_after, LONGEST_RETRY_AFTER))


def pause(failures: int, status: int | None, retry_after: timedelta) -> timedelta:
    """How long an endpoint is left alone after so many failures in a row, the last one with ``status``."""
    usual = timedelta(seconds=PAUSE_SECONDS[min(failures, len(PAUSE_SECONDS)) - 1])
    least = THROTTLED_FOR if status in THROTTLING else usual
    return max(usual, min(retry_after, LONGEST_RETRY_AFTER) or least)
