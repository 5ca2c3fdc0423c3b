"""Every error as a problem (RFC 9457): a stable type, what happened, which field, and the fix."""

import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import falcon
import structlog

from otp_worker.domain.errors import DatabaseUnavailableError, RequestError
from otp_worker.domain.ports import Clock
from otp_worker.operations.rejections import Rejections
from otp_worker.store.database import AWAY

from .problem_help import help_url
from .schemas.problems import TYPE, ProblemBody

log = structlog.get_logger()


_DETAILS = {
    404: "there is nothing at this path",
    405: "this path does not take that method; Allow names the ones it takes",
}
_UNEXPECTED = "Something went wrong here; the log has the details by this request id."


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request is not done as it was asked; ``error`` is what was raised on purpose, if that is it."""

    status: int
    kind: str
    detail: str
    error: RequestError | None = None

    @property
    def members(self) -> Mapping[str, Any]:
        """What else a problem says of it, by name."""
        return {} if self.error is None else self.error.members


Answer = Callable[[falcon.Request, falcon.Response, Failure], None]
"""Writes a failure into an answer."""


def answer_with_problem(req: falcon.Request, resp: falcon.Response, failure: Failure) -> None:
    """Write a failure as a problem."""
    request_id = getattr(req.context, "request_id", None)
    body = _problem(failure.status, failure.kind, failure.detail, request_id, **failure.members)
    where = help_url(failure.kind)
    if where:
        resp.append_link(where, "help")
    resp.status = failure.status
    resp.content_type = "application/problem+json"
    resp.text = body.model_dump_json(exclude_none=True)


def answer_as_chosen(req: falcon.Request, resp: falcon.Response, failure: Failure) -> None:
    """Write a failure as the resource has chosen (``context.answer_error``), else as a problem."""
    answer: Answer = getattr(req.context, "answer_error", answer_with_problem)
    answer(req, resp, failure)


def add_error_handlers(
    app: "falcon.App[Any, Any]",
    clock: Clock,
    refusals: Rejections,
    doubt_database: Callable[[], None],
    write: Answer = answer_as_chosen,
) -> None:
    """Let ``app`` answer every error by ``write``, and count the requests that are rejected.

    ``doubt_database`` is called for each request that failed because of the database.
    """

    def answer(req: falcon.Request, resp: falcon.Response, error: RequestError, _: Any) -> None:
        if error.rejection is not None:
            log.warning("rejected", reason=error.rejection)
        refusals.count(error)
        if isinstance(error, DatabaseUnavailableError):
            doubt_database()
        resp.set_headers(dict(error.headers))
        if error.retry_at is not None:
            resp.set_header("Retry-After", _seconds_until(error.retry_at, clock()))
        write(req, resp, Failure(error.http_status, error.problem, error.sentence, error))

    def database_away(req: falcon.Request, resp: falcon.Response, error: Exception, _: Any) -> None:
        log.error("database_away", error=type(error).__name__)
        answer(req, resp, DatabaseUnavailableError("the database does not answer; try again"), _)

    def unexpected(req: falcon.Request, resp: falcon.Response, error: Exception, _: Any) -> None:
        _log_unexpected(error)
        write(req, resp, Failure(500, "unexpected", _UNEXPECTED))

    def http_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, _: Any) -> None:
        resp.set_headers(error.headers or {})
        write(req, resp, _of_http(error))

    app.add_error_handler(Exception, unexpected)
    app.add_error_handler(falcon.HTTPError, http_error)
    app.add_error_handler(RequestError, answer)
    for away in AWAY:
        app.add_error_handler(away, database_away)


def problem_of(error: RequestError) -> ProblemBody:
    """An error as a problem, where it is a part of an answer."""
    return _problem(error.http_status, error.problem, error.sentence, None, **error.members)


def _problem(
    status: int, kind: str, detail: str, request_id: str | None = None, **members: Any
) -> ProblemBody:
    return ProblemBody(
        type=TYPE + kind,
        title=kind.replace("_", " "),
        status=status,
        detail=detail,
        request_id=request_id,
        **members,
    )


def _of_http(error: falcon.HTTPError) -> Failure:
    """What the framework refuses, such as a path that there is not."""
    reason = falcon.code_to_http_status(error.status_code).partition(" ")[2]
    detail = error.description or _DETAILS.get(error.status_code, reason)
    return Failure(error.status_code, reason.lower().replace(" ", "_"), _sentence(detail))


def _log_unexpected(error: Exception) -> None:
    # Where it happened, and not its words: they may repeat what the request held.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected_error", error=type(error).__name__, where=where)


def _seconds_until(instant: datetime, now: datetime) -> str:
    return str(max(math.ceil((instant - now).total_seconds()), 1))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
