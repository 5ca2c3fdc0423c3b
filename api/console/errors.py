"""Every error as a page, in words; nothing of the request is repeated."""

import traceback
from typing import Any

import falcon
import structlog

from otp_worker.domain.errors import RequestError
from otp_worker.store.database import AWAY

from .pages import Pages

log = structlog.get_logger()

_SENTENCES = {
    404: ("Nothing here", "There is nothing at this address."),
    405: ("Not like this", "This page cannot be used in that way."),
}
_ROWS_AWAY = "The database does not answer. What is accepted waits in it; try again in a moment."


def add_error_pages(app: "falcon.App[Any, Any]", pages: Pages) -> None:
    """Let ``app`` answer every error with a page."""

    def page(req: falcon.Request, resp: falcon.Response, status: int, title: str, sentence: str) -> None:
        resp.status = falcon.code_to_http_status(status)
        pages.show(req, resp, "error.html", title=title, sentence=sentence, status=status)

    def unexpected(req: falcon.Request, resp: falcon.Response, error: Exception, _: Any) -> None:
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected_error", error=type(error).__name__, where=where)
        sentence = f"The log has the details under {req.context.request_id}."
        page(req, resp, 500, "Something went wrong here", sentence)

    def http_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, _: Any) -> None:
        resp.set_headers(error.headers or {})
        reason = falcon.code_to_http_status(error.status_code).partition(" ")[2]
        title, sentence = _SENTENCES.get(error.status_code, (reason, error.description or reason))
        page(req, resp, error.status_code, title, sentence)

    def refused(req: falcon.Request, resp: falcon.Response, error: RequestError, _: Any) -> None:
        page(req, resp, error.http_status, "That did not work", error.sentence)

    def database_away(req: falcon.Request, resp: falcon.Response, error: Exception, _: Any) -> None:
        log.error("database_away", error=type(error).__name__)
        page(req, resp, 503, "The database is away", _ROWS_AWAY)

    app.add_error_handler(Exception, unexpected)
    app.add_error_handler(falcon.HTTPError, http_error)
    app.add_error_handler(RequestError, refused)
    for away in AWAY:
        app.add_error_handler(away, database_away)
