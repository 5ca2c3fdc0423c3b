"""Every error as a problem (RFC 9457): a stable type, what happened, which field, and the fix."""

import math
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

import falcon
import structlog
from sqlalchemy import exc

from api.schemas import FieldErrorBody, ProblemBody
from otp_worker.domain.errors import (
    AlreadyOverError,
    CountryNotAllowedError,
    InvalidFieldError,
    NotFoundError,
    NumberLockedError,
    NumberReportedError,
    OptedOutError,
    OtpError,
    RequestInFlightError,
    ScopeMissingError,
    TooSoonError,
    UnauthenticatedError,
)
from otp_worker.domain.limits import Limit, LimitReachedError
from otp_worker.domain.ports import Clock
from otp_worker.domain.verification import VerificationStatus
from otp_worker.operations.rejections import Refusals
from otp_worker.protection.pumping_guard import SendsPausedError

log = structlog.get_logger()

TYPE = "urn:otp-worker:problem:"

# An internal error is what a standby that only reads answers after a failover. Any other kind is our mistake.
_DATABASE_AWAY = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)

_DETAILS = {
    404: "there is nothing at this path",
    405: "this path does not take that method; Allow names the ones it takes",
}


class InvalidBodyError(Exception):
    """The body cannot be read."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail


class InvalidFieldsError(Exception):
    """Fields of the body cannot be accepted; names each, and the fix."""

    def __init__(self, errors: list[FieldErrorBody]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.detail}" for each in errors))
        self.errors = errors


def add_problem_handlers(app: "falcon.App[Any, Any]", clock: Clock, refusals: Refusals) -> None:
    """Let ``app`` answer every error with a problem, and count those that are refusals."""

    def counted(handle: Callable[..., None]) -> Callable[..., None]:
        def count_and_handle(req: falcon.Request, resp: falcon.Response, error: OtpError, _: Any) -> None:
            refusals.count(error)
            handle(req, resp, error, _)

        return count_and_handle

    def too_soon(req: falcon.Request, resp: falcon.Response, error: TooSoonError, _: Any) -> None:
        resp.set_header("Retry-After", _seconds_until(error.retry_at, clock()))
        _answer(req, resp, 429, "too_soon", f"This may be repeated, but {error}.")

    def locked(req: falcon.Request, resp: falcon.Response, error: NumberLockedError, _: Any) -> None:
        if error.retry_at is not None:
            resp.set_header("Retry-After", _seconds_until(error.retry_at, clock()))
        _answer(req, resp, 429, "number_locked", _sentence(str(error)))

    def reported(req: falcon.Request, resp: falcon.Response, error: NumberReportedError, _: Any) -> None:
        resp.set_header("Retry-After", _seconds_until(error.retry_at, clock()))
        _answer(req, resp, 429, "number_reported", _sentence(str(error)))

    def limit_reached(req: falcon.Request, resp: falcon.Response, error: LimitReachedError, _: Any) -> None:
        log.warning("limit_reached", limit=error.limit.value)
        resp.set_header("Retry-After", _seconds_until(error.retry_at, clock()))
        _answer(req, resp, 429, "limit_reached", _sentence(str(error)), limit=error.limit)

    def paused(req: falcon.Request, resp: falcon.Response, error: SendsPausedError, _: Any) -> None:
        log.warning("send_paused", kind=error.kind.value)
        resp.set_header("Retry-After", _seconds_until(error.retry_at, clock()))
        _answer(req, resp, 429, "sends_paused", _sentence(str(error)))

    app.add_error_handler(Exception, _unexpected)
    app.add_error_handler(falcon.HTTPError, _http_error)
    for away in _DATABASE_AWAY:
        app.add_error_handler(away, _database_away)
    app.add_error_handler(InvalidBodyError, _invalid_body)
    app.add_error_handler(InvalidFieldsError, _invalid_fields)
    app.add_error_handler(InvalidFieldError, _invalid_field)
    app.add_error_handler(AlreadyOverError, _already_over)
    app.add_error_handler(TooSoonError, counted(too_soon))
    app.add_error_handler(NumberLockedError, counted(locked))
    app.add_error_handler(NumberReportedError, counted(reported))
    app.add_error_handler(OptedOutError, counted(_plain(403, "opted_out")))
    app.add_error_handler(LimitReachedError, counted(limit_reached))
    app.add_error_handler(SendsPausedError, counted(paused))
    app.add_error_handler(RequestInFlightError, _in_flight)
    app.add_error_handler(CountryNotAllowedError, counted(_plain(403, "country_not_allowed")))
    app.add_error_handler(ScopeMissingError, counted(_plain(403, "scope_missing")))
    app.add_error_handler(NotFoundError, _plain(404, "not_found"))
    app.add_error_handler(UnauthenticatedError, counted(_unauthenticated))


def _answer(
    req: falcon.Request,
    resp: falcon.Response,
    status: int,
    kind: str,
    detail: str,
    errors: list[FieldErrorBody] | None = None,
    verification_id: str | None = None,
    verification_status: VerificationStatus | None = None,
    limit: Limit | None = None,
) -> None:
    body = ProblemBody(
        type=TYPE + kind,
        title=kind.replace("_", " "),
        status=status,
        detail=detail,
        request_id=getattr(req.context, "request_id", None),
        errors=errors,
        id=verification_id,
        verification_status=verification_status,
        limit=limit,
    )
    resp.status = status
    resp.content_type = "application/problem+json"
    resp.text = body.model_dump_json(exclude_none=True)


def _plain(status: int, kind: str) -> Callable[..., None]:
    def handle(req: falcon.Request, resp: falcon.Response, error: Exception, _: Any) -> None:
        _answer(req, resp, status, kind, _sentence(str(error)))

    return handle


def _unauthenticated(req: falcon.Request, resp: falcon.Response, error: Exception, _: Any) -> None:
    resp.set_header("WWW-Authenticate", "Bearer")
    _answer(req, resp, 401, "unauthenticated", _sentence(str(error)))


def _invalid_body(req: falcon.Request, resp: falcon.Response, error: InvalidBodyError, _: Any) -> None:
    _answer(req, resp, error.status, error.kind, _sentence(error.detail))


def _invalid_fields(req: falcon.Request, resp: falcon.Response, error: InvalidFieldsError, _: Any) -> None:
    _answer(req, resp, 422, "invalid_field", f"{error}.", error.errors)


def _invalid_field(req: falcon.Request, resp: falcon.Response, error: InvalidFieldError, _: Any) -> None:
    named = InvalidFieldsError([FieldErrorBody(field=error.field, detail=error.detail)])
    _invalid_fields(req, resp, named, _)


def _already_over(req: falcon.Request, resp: falcon.Response, error: AlreadyOverError, _: Any) -> None:
    status = VerificationStatus(error.status)
    _answer(req, resp, 410, "already_over", _sentence(str(error)), None, error.verification_id, status)


def _in_flight(req: falcon.Request, resp: falcon.Response, error: RequestInFlightError, _: Any) -> None:
    resp.set_header("Retry-After", "1")
    _answer(req, resp, 409, "request_in_flight", _sentence(str(error)))


def _http_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, _: Any) -> None:
    if error.headers:
        resp.set_headers(error.headers)
    reason = falcon.code_to_http_status(error.status_code).partition(" ")[2]
    detail = error.description or _DETAILS.get(error.status_code, reason)
    _answer(req, resp, error.status_code, reason.lower().replace(" ", "_"), _sentence(detail))


def _database_away(req: falcon.Request, resp: falcon.Response, error: Exception, _: Any) -> None:
    log.error("database_away", error=type(error).__name__)
    resp.set_header("Retry-After", "1")
    _answer(req, resp, 503, "database_away", "The database does not answer. Try again.")


def _unexpected(req: falcon.Request, resp: falcon.Response, error: Exception, _: Any) -> None:
    # Where it happened, and not its words: they may repeat what the request held.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected_error", error=type(error).__name__, where=where)
    _answer(
        req, resp, 500, "unexpected", "Something went wrong here; the log has the details by this request id."
    )


def _seconds_until(instant: datetime, now: datetime) -> str:
    return str(max(math.ceil((instant - now).total_seconds()), 1))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
