"""What all adapters read alike: the usual meaning of an HTTP answer, and the parts of a callback."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from otp_worker.domain.gateway import CallbackRequest, Outcome, OutcomeKind
from otp_worker.gateways.client import Answer
from otp_worker.gateways.exchange import NoAnswerError, NotReachedError, WithdrawnError

log = structlog.get_logger()

Told = TypeVar("Told")

_MESSAGE_ID_LENGTH = 128
_WORD_LENGTH = 40
_UNIX = re.compile(r"[0-9]{9,16}(\.[0-9]{1,9})?")
# A Unix instant above this, which in seconds is the year 5138, is in milliseconds.
_MILLISECONDS_FROM = 100_000_000_000
_NO_CLOCK_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)


def outcome_of(ask: Callable[[], Answer], read: Callable[[Answer], Outcome]) -> Outcome:
    """What came of asking: what ``read`` makes of the answer, or why there is none.

    The answer that ``read`` stumbles over may be to a message that was taken.
    """
    try:
        answer = ask()
    except NotReachedError as error:
        return Outcome(OutcomeKind.UNAVAILABLE, f"the gateway cannot be reached ({error})")
    except WithdrawnError:
        return Outcome(OutcomeKind.WITHDRAWN, "it was not wanted any more when it could leave")
    except NoAnswerError as error:
        return Outcome(OutcomeKind.UNCERTAIN, f"the gateway gave no answer ({error})")
    try:
        return replace(read(answer), http_status=answer.status)
    except Exception as error:
        return Outcome(OutcomeKind.UNCERTAIN, f"the gateway's answer cannot be read ({_stumbled(error)})")


def told_by(ask: Callable[[], Told | None]) -> Told | None:
    """What a question is answered with; None where no answer comes, or none that can be read."""
    try:
        return ask()
    except (NotReachedError, NoAnswerError):
        return None
    except Exception as error:
        _stumbled(error)
        return None


def _stumbled(error: Exception) -> str:
    # Its words may quote the answer, and with it the number and the text.
    log.error("answer_not_read", error=type(error).__name__)
    return type(error).__name__


def health_of(asked: Outcome) -> bool | None:
    """What came of asking without sending, as an answer to the health question; most failures are none."""
    if asked.kind is OutcomeKind.ACCEPTED:
        return True
    return False if asked.kind is OutcomeKind.UNAVAILABLE else None


def body_of(answer: Answer) -> dict[str, Any]:
    """The JSON object that a 200 answers with; empty where it is another answer."""
    return (answer.body or {}) if answer.status == 200 else {}


def accepted(message_id: str | None) -> Outcome:
    """The gateway took the message, and knows it by that id if it names one."""
    return Outcome(
        OutcomeKind.ACCEPTED, "accepted by the gateway", (message_id or "")[:_MESSAGE_ID_LENGTH] or None
    )


def usual_outcome(answer: Answer, word: str) -> Outcome:
    """What an answer means where its vendor says nothing else; ``word`` is the vendor's word for an error.

    Neither a 500, 502, 504 nor a 2xx that cannot be read tells whether the message was taken.
    """
    match answer.status:
        case 400 | 422:
            return Outcome(OutcomeKind.REFUSED, f"the gateway refuses this message ({word})")
        case 401:
            return Outcome(OutcomeKind.MISCONFIGURED, f"the gateway refuses our key ({word})")
        case 402:
            return Outcome(OutcomeKind.MISCONFIGURED, f"the gateway's plan is used up ({word})")
        case 403:
            return Outcome(OutcomeKind.MISCONFIGURED, f"the gateway account is not active ({word})")
        case 404:
            return Outcome(OutcomeKind.MISCONFIGURED, f"there is no such gateway address ({word})")
        case 429:
            return Outcome(
                OutcomeKind.THROTTLED,
                "the gateway asks for fewer messages (429)",
                retry_after_seconds=answer.retry_after_seconds,
            )
        case 503:
            return Outcome(
                OutcomeKind.UNAVAILABLE,
                "the gateway is unavailable (503)",
                retry_after_seconds=answer.retry_after_seconds,
            )
        case status if 200 <= status < 300:
            return Outcome(OutcomeKind.UNCERTAIN, f"the gateway's answer cannot be read ({status})")
        case status if status >= 500:
            return Outcome(OutcomeKind.UNCERTAIN, f"the gateway failed ({status})")
        case status:
            return Outcome(OutcomeKind.MISCONFIGURED, f"the gateway gave an unknown answer ({status})")


def code_word(value: object) -> str:
    """A vendor's error as it may be shown to people.

    Anything but a plain code word could carry the number or the text back.
    """
    word = value if isinstance(value, str) and len(value) <= _WORD_LENGTH and value.isascii() else ""
    return word if word.replace("_", "").isalpha() else "no error code"


def clean(value: object) -> str | None:
    """A text that any database takes: JSON can carry halves of characters and NUL."""
    return value.encode(errors="replace").decode().replace("\0", "") if isinstance(value, str) else None


def instant(value: object) -> datetime | None:
    """An instant in UTC, as ISO 8601 or in seconds or milliseconds since 1970; None for what tells no time.

    ISO 8601 without a zone is taken to be in UTC. A time from before SMS gateways of this kind is that of a
    clock that was never set.
    """
    try:
        read = _instant(value)
    except (ValueError, OverflowError, OSError):
        return None
    return read if read is not None and read >= _NO_CLOCK_BEFORE else None


def _instant(value: object) -> datetime | None:
    if isinstance(value, str) and _UNIX.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)
    if not isinstance(value, str):
        return None
    read = datetime.fromisoformat(value.strip())
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def json_body(request: CallbackRequest) -> dict[str, Any]:
    """A callback's body; empty where it is no JSON object."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def dedupe_key(*parts: object) -> str:
    """One key for what is one message by its meaning, however often it is posted."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
