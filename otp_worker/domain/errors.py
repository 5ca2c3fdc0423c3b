"""Every error that is raised on purpose, as a tree that can be caught as coarsely as one likes.

Errors that answer a request carry their HTTP meaning: the API, its document and the metrics read it here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from otp_worker.domain.time_of_day import time_of_day


class OtpError(Exception):
    """Any error that otp-worker raises itself."""


class ConfigurationError(OtpError):
    """The environment does not describe a service that can start; names the variable."""


class SchemaNotCurrentError(OtpError):
    """The database's schema is not the one this version works with; names the command to run."""


class BrokerUnavailableError(OtpError):
    """The broker does not answer."""


class RequestError(OtpError):
    """A request that is not done as it was asked, and what HTTP says of it.

    ``problem`` ends the problem's type (RFC 9457) and never changes. ``rejection`` is the reason under which
    ``otp_refused_total`` counts it; None is not counted. ``headers`` go with the answer. ``retry_at`` is when
    the request may be repeated, where that is known.
    """

    http_status = 400
    problem = "bad_request"
    rejection: str | None = None
    headers: Mapping[str, str] = {}
    retry_at: datetime | None = None

    @property
    def sentence(self) -> str:
        """What happened and what to do, as a sentence."""
        text = str(self)
        return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")

    @property
    def members(self) -> Mapping[str, object]:
        """What the problem document holds beside type, title, status and detail."""
        return {}


class InvalidBodyError(RequestError):
    """The body is not one JSON object."""

    problem = "invalid_json"


class BodyTooLargeError(RequestError):
    """The body is too large, or does not say how large it is."""

    http_status = 413
    problem = "body_too_large"


class InvalidFieldsError(RequestError):
    """Values in a request cannot be accepted; names each field and the fix."""

    http_status = 422
    problem = "invalid_field"

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {detail}" for field, detail in errors))
        self.errors = list(errors)

    @property
    def sentence(self) -> str:
        """Each field with its detail; a field's name keeps its case."""
        return f"{self}."

    @property
    def members(self) -> Mapping[str, object]:
        """Each field with its detail."""
        return {"errors": [{"field": field, "detail": detail} for field, detail in self.errors]}


class InvalidFieldError(InvalidFieldsError):
    """One value in a request cannot be accepted; names the field and the fix."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__([(field, detail)])
        self.field = field
        self.detail = detail


class UnauthenticatedError(RequestError):
    """The caller did not show who they are: a missing, wrong or revoked key, token or signature."""

    http_status = 401
    problem = "unauthenticated"
    rejection = "unauthenticated"
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}


class ScopeMissingError(RequestError):
    """The API key is valid, and not for this."""

    http_status = 403
    problem = "scope_missing"
    rejection = "scope"


class CountryNotAllowedError(RequestError):
    """The number belongs to a country that the operator does not send to."""

    http_status = 403
    problem = "country_not_allowed"
    rejection = "country"

    def __init__(self, country: str) -> None:
        super().__init__(f"numbers of {country} are not allowed here; the operator's OTP_COUNTRIES decides")
        self.country = country


class OptedOutError(RequestError):
    """The number's person wants no SMS; only their START, or the operator, changes that."""

    http_status = 403
    problem = "opted_out"
    rejection = "opted_out"

    def __init__(self) -> None:
        super().__init__("the person of this number texted STOP; they can text START, or use another way now")


class NotFoundError(RequestError):
    """There is no such verification, or it is another app's."""

    http_status = 404
    problem = "not_found"


class RequestInFlightError(RequestError):
    """The same request, by its Idempotency-Key, is being answered at this moment."""

    http_status = 409
    problem = "request_in_flight"
    headers: Mapping[str, str] = {"Retry-After": "1"}


class VerificationEndedError(RequestError):
    """The verification has ended; carries the status it ended with."""

    http_status = 410
    problem = "already_over"

    def __init__(self, verification_id: str, status: str) -> None:
        super().__init__(f"this verification is over: {status}")
        self.verification_id = verification_id
        self.status = status

    @property
    def members(self) -> Mapping[str, object]:
        """Which verification it is, and how it ended."""
        return {"id": self.verification_id, "verification_status": self.status}


class TooManyRequestsError(RequestError):
    """Not now: something holds until ``retry_at``; None where only an operator can end it."""

    http_status = 429

    def __init__(self, sentence: str, retry_at: datetime | None, within_seconds: float | None = None) -> None:
        until = f"; again from {time_of_day(retry_at, within_seconds)}" if retry_at else ""
        super().__init__(f"{sentence}{until}")
        self.retry_at = retry_at


class SlowBodiesError(RequestError):
    """Too many bodies of this caller are on their way, and none of them gets on."""

    http_status = 429
    problem = "slow_bodies"
    headers: Mapping[str, str] = {"Retry-After": "1"}

    def __init__(self) -> None:
        super().__init__("too many bodies of yours are on their way and do not get on; send each at once")


class TooSoonError(TooManyRequestsError):
    """The request may be repeated, but not before ``retry_at``."""

    retry_at: datetime
    problem = "too_soon"
    rejection = "too_soon"

    def __init__(self, sent_at: datetime, now: datetime, retry_at: datetime) -> None:
        sentence = f"this number was sent a code {max(round((now - sent_at).total_seconds()), 0)} s ago"
        super().__init__(sentence, retry_at, (retry_at - now).total_seconds())


class RateLimitExceededError(TooManyRequestsError):
    """A limit allows no more until ``retry_at``; says which, and how many in how many seconds."""

    retry_at: datetime
    problem = "limit_reached"

    def __init__(self, limit: str, count: int, seconds: int, retry_at: datetime, bucket: str = "") -> None:
        which = f"{limit} {bucket}" if bucket else limit
        super().__init__(f"the limit {which} is reached, {count} in {seconds} s", retry_at, seconds)
        self.limit, self.bucket, self.rejection = limit, bucket, f"limit_{limit}"
        self.count, self.seconds = count, seconds

    @property
    def members(self) -> Mapping[str, object]:
        """Which limit it is, and which bucket of the app's own."""
        return {"limit": self.limit, **({"bucket": self.bucket} if self.bucket else {})}


class SendsPausedError(TooManyRequestsError):
    """Sends to a block or a country are paused until ``retry_at``, for what looks like SMS pumping."""

    retry_at: datetime
    problem = "sends_paused"
    rejection = "paused"

    def __init__(self, kind: str, retry_at: datetime) -> None:
        sentence = f"sends to this number's {kind} are paused: far fewer codes than usual were entered there"
        super().__init__(sentence, retry_at)


class NumberLockedError(TooManyRequestsError):
    """Too many wrong codes for this number; ``retry_at`` is None where only an operator can unlock it."""

    problem = "number_locked"
    rejection = "number_locked"

    def __init__(self, retry_at: datetime | None) -> None:
        until = "" if retry_at else "; it is locked until an operator unlocks it"
        super().__init__(f"too many wrong codes for this number{until}", retry_at)


class NumberReportedError(TooManyRequestsError):
    """The number's person said that somebody else asks for codes; nothing before ``retry_at``."""

    retry_at: datetime
    problem = "number_reported"
    rejection = "number_reported"

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("the person of this number says that somebody else asks for codes", retry_at)


class DatabaseUnavailableError(RequestError):
    """The database does not answer; nothing was changed, and the request may be repeated."""

    http_status = 503
    problem = "database_away"
    headers: Mapping[str, str] = {"Retry-After": "1"}
