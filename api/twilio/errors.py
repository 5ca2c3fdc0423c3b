"""Errors as Twilio's clients read them: a number of Twilio's, a message, and no ``title``.

An error with ``type`` and ``title`` would be raised as a class that apps written for Twilio do not catch.
The numbers are those of Twilio's dictionary of errors. Where it has none, the HTTP status stands there.
"""

import json

import falcon

from otp_worker.domain.errors import (
    CountryNotAllowedError,
    InvalidFieldError,
    InvalidFieldsError,
    NotFoundError,
    NumberLockedError,
    NumberReportedError,
    OptedOutError,
    RateLimitExceededError,
    RequestError,
    ScopeMissingError,
    SendsPausedError,
    TooManyRequestsError,
    UnauthenticatedError,
    VerificationEndedError,
)
from otp_worker.domain.limits import Limit
from otp_worker.domain.phone_number import FixedLineError
from otp_worker.domain.verification import VerificationStatus

from ..problems import Failure

INVALID_PARAMETER = 60200
_UNKNOWN = (404, 20404)
_BLOCKED = (403, 60410)
_NO_MORE_CHECKS = (429, 60202)


class PaymentMissingError(InvalidFieldError):
    """The code is for a payment, and the request names no amount or no payee."""


class NotOfferedError(RequestError):
    """What is asked for is the operator's to decide, or there is none of it here."""

    http_status = 403
    problem = "not_offered"


_BY_KIND: dict[type[RequestError], tuple[int, int]] = {
    UnauthenticatedError: (401, 20003),
    ScopeMissingError: (403, 60204),
    NotOfferedError: (403, 60204),
    NotFoundError: _UNKNOWN,
    VerificationEndedError: _UNKNOWN,
    CountryNotAllowedError: (403, 60605),
    OptedOutError: _BLOCKED,
    SendsPausedError: _BLOCKED,
    NumberReportedError: _BLOCKED,
    NumberLockedError: _NO_MORE_CHECKS,
    FixedLineError: (403, 60205),
    PaymentMissingError: (400, 60206),
    InvalidFieldsError: (400, INVALID_PARAMETER),
    TooManyRequestsError: (429, 20429),
}
_OF_LIMITS = {Limit.NUMBER: (429, 60203), Limit.BUCKET: (429, 60207)}
_BY_STATUS = {400: INVALID_PARAMETER, 404: 20404, 429: 20429, 500: 20500, 503: 20503}


def answer_as_twilio(req: falcon.Request, resp: falcon.Response, failure: Failure) -> None:
    """Write a failure as Twilio does."""
    number_of = getattr(req.context, "number_of", _of_verify)
    status, code = (failure.error and number_of(failure.error)) or _by_status(failure)
    if status == 401:
        resp.set_header("WWW-Authenticate", 'Basic realm="otp-worker"')
    resp.status = status
    resp.content_type = "application/json"
    resp.text = json.dumps(
        {
            "code": code,
            "message": _message(req, failure),
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }
    )


def number_of_message_error(error: RequestError) -> tuple[int, int] | None:
    """The status and the number that an error has in Twilio Messages; None for that of its status."""
    if isinstance(error, FixedLineError):
        return 400, 21614
    if isinstance(error, InvalidFieldsError):
        told = dict(error.errors).get("to")
        return (400, (21604 if told == "is required" else 21211) if told else 400)
    of_messages = {CountryNotAllowedError: (403, 21408), OptedOutError: (400, 21610)}
    return of_messages.get(type(error)) or (
        None if isinstance(error, TooManyRequestsError) else _of_verify(error)
    )


def _of_verify(error: RequestError) -> tuple[int, int] | None:
    """The status and the number that an error has in Twilio Verify; None for that of its status."""
    if isinstance(error, RateLimitExceededError) and error.limit in _OF_LIMITS:
        return _OF_LIMITS[Limit(error.limit)]
    if isinstance(error, VerificationEndedError) and error.status == VerificationStatus.MAX_CHECKS_REACHED:
        return _NO_MORE_CHECKS
    return next((_BY_KIND[kind] for kind in type(error).__mro__ if kind in _BY_KIND), None)


def _by_status(failure: Failure) -> tuple[int, int]:
    return failure.status, _BY_STATUS.get(failure.status, failure.status)


def _message(req: falcon.Request, failure: Failure) -> str:
    if not isinstance(failure.error, InvalidFieldsError):
        return failure.detail
    names: dict[str, str] = getattr(req.context, "parameters", {})
    told = (f"{names.get(field, _pascal(field))}: {detail}" for field, detail in failure.error.errors)
    return f"Invalid parameter: {'; '.join(told)}"


def _pascal(field: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in field.split("_"))
