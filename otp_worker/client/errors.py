"""What a call can raise, as a tree that can be caught as coarsely as one likes.

``OtpClientError`` is its root. ``ProblemError`` is an answer of the service that says no, and each problem
type of the API has a class below it. None of them holds a code, a whole number or the API key.
"""

from collections.abc import Iterator
from datetime import datetime

from otp_worker.client.models import FieldError, Problem


class OtpClientError(Exception):
    """Any error of a call. ``request_id`` finds the request in the service's log."""

    def __init__(self, sentence: str, request_id: str | None = None) -> None:
        super().__init__(sentence)
        self.request_id = request_id


class NoAnswerError(OtpClientError):
    """The service did not answer within the time that the call had.

    ``may_have_happened`` says whether it may have done what was asked: the request went out, and only the
    answer is missing.
    """

    def __init__(self, sentence: str, request_id: str | None = None, *, may_have_happened: bool) -> None:
        super().__init__(sentence, request_id)
        self.may_have_happened = may_have_happened


class UnexpectedAnswerError(OtpClientError):
    """Something answered that does not speak as the service does: a proxy, or another address."""

    def __init__(self, sentence: str, request_id: str | None = None, *, status: int) -> None:
        super().__init__(sentence, request_id)
        self.status = status


class ProblemError(OtpClientError):
    """The service says no; ``str()`` is a sentence that says what happened and what to do.

    ``code`` is the end of the problem's type and never changes. ``retry_at`` is when the request may be
    repeated, by this machine's clock, where the service says it.
    """

    code = ""

    def __init__(self, problem: Problem, retry_at: datetime | None = None) -> None:
        super().__init__(problem.detail, problem.request_id)
        self.problem = problem
        self.code = problem.code
        self.status = problem.status
        self.retry_at = retry_at

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """Each field that is wrong; empty unless it is an InvalidFieldError."""
        return self.problem.errors

    @property
    def field(self) -> str | None:
        """The first field that is wrong."""
        return self.errors[0].field if self.errors else None

    @property
    def fix(self) -> str | None:
        """What to do about the first field that is wrong."""
        return self.errors[0].detail if self.errors else None


class InvalidRequestError(ProblemError):
    """The request is not one that the service reads; mend the caller."""


class InvalidJsonError(InvalidRequestError):
    """The body is not one JSON object."""

    code = "invalid_json"


class BodyTooLargeError(InvalidRequestError):
    """The body is too large."""

    code = "body_too_large"


class InvalidFieldError(InvalidRequestError):
    """A value cannot be accepted; ``field`` and ``fix`` say which and why, ``errors`` names all of them."""

    code = "invalid_field"


class RefusedError(ProblemError):
    """The service may not, or will not, do this for this key or number."""


class UnauthenticatedError(RefusedError):
    """The API key is missing, wrong or revoked."""

    code = "unauthenticated"


class ScopeMissingError(RefusedError):
    """The API key is valid, and not for this call."""

    code = "scope_missing"


class CountryNotAllowedError(RefusedError):
    """The operator sends nothing to the number's country."""

    code = "country_not_allowed"


class OptedOutError(RefusedError):
    """The number's person texted STOP; only their START, or the operator, changes that."""

    code = "opted_out"


class NotFoundError(ProblemError):
    """There is no such verification, or message, of this app."""

    code = "not_found"


class VerificationEndedError(ProblemError):
    """The verification is over; ``verification_status`` says how it ended."""

    code = "already_over"

    @property
    def verification_id(self) -> str | None:
        """Which one it is, where the request named only a number."""
        return self.problem.id

    @property
    def verification_status(self) -> str | None:
        """How it ended."""
        return self.problem.verification_status


class MessageEndedError(ProblemError):
    """The message is over; ``message_status`` says how it ended."""

    code = "message_over"

    @property
    def message_status(self) -> str | None:
        """How it ended."""
        return self.problem.message_status


class NotNowError(ProblemError):
    """Not now: again from ``retry_at``; None where only the operator can end it."""


class TooSoonError(NotNowError):
    """The number was sent a code a moment ago."""

    code = "too_soon"


class LimitReachedError(NotNowError):
    """A limit, or a bucket of the app's, allows no more; ``limit`` and ``bucket`` name it."""

    code = "limit_reached"

    @property
    def limit(self) -> str | None:
        """The limit's name, such as ``number``; ``bucket`` for one of the app's own."""
        return self.problem.limit

    @property
    def bucket(self) -> str | None:
        """The name of the app's bucket that is full."""
        return self.problem.bucket


class SendsPausedError(NotNowError):
    """Sends to the number's block or country are paused, for what looks like SMS pumping."""

    code = "sends_paused"


class NumberLockedError(NotNowError):
    """Too many wrong codes for this number."""

    code = "number_locked"


class NumberReportedError(NotNowError):
    """The number's person said that somebody else asks for codes."""

    code = "number_reported"


class TemporaryError(ProblemError):
    """The service cannot at this moment; the client has tried again for as long as it may."""


class RequestInFlightError(TemporaryError):
    """The same request, by its Idempotency-Key, is still being answered."""

    code = "request_in_flight"


class SlowBodiesError(TemporaryError):
    """Too many bodies under this key are on their way and do not arrive."""

    code = "slow_bodies"


class DatabaseUnavailableError(TemporaryError):
    """The service's database does not answer."""

    code = "database_away"


class SealingUnavailableError(ProblemError):
    """The service cannot seal to its workers what the request gives; the detail names the variable."""

    code = "sealing_unavailable"


class ServiceFaultError(ProblemError):
    """Something went wrong in the service; give its operator the ``request_id``."""

    code = "unexpected"


def error_of(problem: Problem, retry_at: datetime | None) -> ProblemError:
    """The error that a problem is raised as; a ProblemError where this client does not know its type."""
    kind = _BY_CODE.get(problem.code, ProblemError)
    return kind(problem, retry_at)


def _every(kind: type[ProblemError]) -> Iterator[type[ProblemError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _every(below)


_BY_CODE = {kind.code: kind for kind in _every(ProblemError) if kind.code}
