"""How things are said on a page: instants, spans, figures, and statuses in words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from otp_worker.domain.message import is_message
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.service.logs import redact

VERIFICATION_WORDS = {
    VerificationStatus.PENDING: "Not entered yet",
    VerificationStatus.APPROVED: "Approved",
    VerificationStatus.CANCELED: "Canceled",
    VerificationStatus.EXPIRED: "Expired",
    VerificationStatus.FAILED: "Not sent",
    VerificationStatus.MAX_CHECKS_REACHED: "Too many wrong codes",
}
DELIVERY_WORDS = {
    DeliveryStatus.QUEUED: "about to be sent",
    DeliveryStatus.SENDING: "being sent",
    DeliveryStatus.WAITING: "waits",
    DeliveryStatus.SENT: "handed over",
    DeliveryStatus.DELIVERED: "delivered",
    DeliveryStatus.UNDELIVERED: "not delivered",
    DeliveryStatus.FAILED: "refused",
    DeliveryStatus.EXPIRED: "not sent in time",
    DeliveryStatus.SUPERSEDED: "called back",
}
_GOOD = (VerificationStatus.APPROVED,)
_BAD = (VerificationStatus.FAILED, VerificationStatus.MAX_CHECKS_REACHED)
_GOOD_SMS = (DeliveryStatus.SENT, DeliveryStatus.DELIVERED)
_BAD_SMS = (DeliveryStatus.UNDELIVERED, DeliveryStatus.FAILED, DeliveryStatus.EXPIRED)
NONE = "none"
"""What stands where there is no figure."""


def state_of(found: Verification, now: datetime) -> VerificationStatus | DeliveryStatus:
    """Where a verification stands; of a message, which nobody enters, where its SMS does."""
    return found.delivery.status if is_message(found) else found.status_at(now)


def status_words(status: VerificationStatus | DeliveryStatus) -> str:
    """A verification's or a delivery's status, for people."""
    if isinstance(status, VerificationStatus):
        return VERIFICATION_WORDS[status]
    return DELIVERY_WORDS[status]


def tone(status: VerificationStatus | DeliveryStatus) -> str:
    """How a status is coloured: good, look, bad, or plain."""
    if isinstance(status, VerificationStatus):
        return "good" if status in _GOOD else "bad" if status in _BAD else "plain"
    if status is DeliveryStatus.WAITING:
        return "look"
    return "good" if status in _GOOD_SMS else "bad" if status in _BAD_SMS else "plain"


@pass_context
def instant(context: Context, at: datetime | None) -> Markup:
    """An instant in the zone of who looks."""
    return _instant(at, context["zone"], "%-d %b %H:%M:%S")


@pass_context
def clock_time(context: Context, at: datetime | None) -> Markup:
    """An instant whose day is plain."""
    return _instant(at, context["zone"], "%H:%M:%S")


def _instant(at: datetime | None, zone: tzinfo, shape: str) -> Markup:
    if at is None:
        return Markup('<span class="none">never</span>')
    utc, local = at.astimezone(UTC), at.astimezone(zone)
    return Markup('<time datetime="{}">{}</time>').format(f"{utc:%Y-%m-%dT%H:%M:%S}Z", local.strftime(shape))


def span(milliseconds: float | None) -> str:
    """A length of time as people say it: 240 ms, 1.3 s, 4 min, 2 h, 3 d."""
    if milliseconds is None:
        return NONE
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    for size, unit, enough in ((86_400, "d", 2 * 86_400), (3600, "h", 2 * 3600), (60, "min", 120)):
        if seconds >= enough:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago something was."""
    if at is None:
        return "never"
    passed = now - at
    return "just now" if passed < timedelta(seconds=2) else f"{span(passed.total_seconds() * 1000)} ago"


def figure(number: float | None) -> str:
    """A number with a thin space between its thousands."""
    return NONE if number is None else f"{number:,.0f}".replace(",", "\u202f")


def percent(part: float | None) -> str:
    """A part of one in percent."""
    return NONE if part is None else f"{part * 100:.0f} %"


def plural(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun."""
    return f"{figure(number)} {one if number == 1 else many or one + 's'}"


def starred(text: str | None) -> str:
    """A free text, with whatever in it looks like a phone number starred out."""
    return str(redact(None, "", {"text": text or ""})["text"])


FILTERS: dict[str, Callable[..., object]] = {
    "ago": ago,
    "clock": clock_time,
    "figure": figure,
    "instant": instant,
    "percent": percent,
    "plural": plural,
    "span": span,
    "starred": starred,
    "status": status_words,
    "tone": tone,
}
