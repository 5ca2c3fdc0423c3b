"""``/entry/{token}``: what the person sees and does.

Every form that does something ends in a redirect, so that a reload does nothing.
"""

import re
import secrets
from functools import partial
from urllib.parse import urlsplit

import falcon
import structlog
from pydantic import BaseModel, ValidationError

from otp_worker.domain.errors import RequestInFlightError
from otp_worker.domain.verification import Verification, VerificationStatus

from ..forms import read_form
from ..schemas.fields import Code
from .desk import EntryDesk, LinkOverError, Visit
from .links import PATH
from .pages import SAID, EntryPages

log = structlog.get_logger()

_COOKIE = "otp_entry"
_SESSION = re.compile(r"[A-Za-z0-9_-]{32}")
_SESSION_BYTES = 24


class _Typed(BaseModel):
    code: Code


class EntryPage:
    """One link, as its person uses it; without a ``desk`` there is none."""

    def __init__(self, desk: EntryDesk | None, pages: EntryPages, url: str | None) -> None:
        self._given_desk = desk
        self._pages = pages
        address = urlsplit(url or "")
        self._prefix = f"{address.path}{PATH}"
        self._is_secure = address.scheme == "https"

    def on_get(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """Where the person stands. Looking changes nothing: no preview and no reload uses the link up."""
        visit = self._open(req, token)
        if visit.link.session_hash is None and _session(req) is None:
            self._begin_session(resp, token)
        path, now = self._path(token), self._desk.now()
        if visit.link.outcome is not None:
            self._pages.done(req, resp, visit, self._desk.way_back(visit))
        elif visit.link.verification_id is None:
            self._pages.ask(req, resp, visit, path)
        elif (entering := _pending(visit, self._desk)) is not None:
            said = req.get_param("said")
            self._pages.enter(req, resp, visit, entering, path, now, said if said in SAID else None)
        else:
            self._pages.ended(req, resp, visit, self._desk.way_back(visit))

    on_head = on_get

    def on_post_send(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """Send the code."""
        visit = self._open(req, token)
        try:
            self._desk.send(visit, _session(req), req.context.request_id)
        except RequestInFlightError:
            # The first of two clicks is at it.
            log.info("entry_sent_twice")
        self._to_page(resp, token)

    def on_post_resend(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """Send the same code once more."""
        visit = self._open(req, token)
        entering = _pending(visit, self._desk)
        if entering is not None:
            self._desk.resend(visit, entering, _session(req))
        self._to_page(resp, token, "again" if entering else None)

    def on_post_check(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """Judge what was typed."""
        visit = self._open(req, token)
        entering = _pending(visit, self._desk)
        code = _typed(req)
        if entering is None or code is None:
            self._to_page(resp, token, "format" if entering else None)
        elif self._desk.check(visit, entering, _session(req), code):
            self._back(req, resp, token)
        else:
            self._to_page(resp, token, "wrong")

    def on_post_decline(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """The number is not the person's."""
        visit = self._open(req, token)
        if self._desk.decline(visit, _session(req)):
            self._back(req, resp, token)
        else:
            self._to_page(resp, token)

    @property
    def _desk(self) -> EntryDesk:
        if self._given_desk is None:
            raise falcon.HTTPNotFound
        return self._given_desk

    def _open(self, req: falcon.Request, token: str) -> Visit:
        """The link, for this browser; raises LinkOverError. A page tells what goes wrong from here on."""
        desk = self._desk
        path = self._path(token)
        req.context.answer_error = partial(self._pages.problem, None, path)
        try:
            visit = desk.open(token, _session(req))
        except LinkOverError as over:
            req.context.answer_error = partial(self._pages.problem, over.visit, path)
            raise
        req.context.answer_error = partial(self._pages.problem, visit, path)
        req.context.caller = f"entry link {visit.link.id}"
        structlog.contextvars.bind_contextvars(entry_link=visit.link.id)
        return visit

    def _back(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """To the app with the result; to the page where the app's origin has changed since."""
        back = self._desk.way_back(self._desk.open(token, _session(req)))
        self._to_page(resp, token)
        resp.location = back or resp.location

    def _to_page(self, resp: falcon.Response, token: str, said: str | None = None) -> None:
        resp.status = falcon.HTTP_303
        resp.location = self._path(token) + (f"?said={said}" if said else "")

    def _begin_session(self, resp: falcon.Response, token: str) -> None:
        """What tells this browser from others. Lax: the person comes from the app's site."""
        resp.set_cookie(
            _COOKIE,
            secrets.token_urlsafe(_SESSION_BYTES),
            path=self._path(token),
            secure=self._is_secure,
            http_only=True,
            same_site="Lax",
        )

    def _path(self, token: str) -> str:
        return f"{self._prefix}/{token}"


def _session(req: falcon.Request) -> str | None:
    given = req.cookies.get(_COOKIE, "")
    return given if _SESSION.fullmatch(given) else None


def _pending(visit: Visit, desk: EntryDesk) -> Verification | None:
    """The verification whose code can be entered, if there is one."""
    found = visit.verification
    is_pending = found is not None and found.status_at(desk.now()) is VerificationStatus.PENDING
    return found if is_pending and visit.link.outcome is None else None


def _typed(req: falcon.Request) -> str | None:
    """The digits that were typed; None where that is no code, which uses up no check."""
    try:
        return _Typed(code=read_form(req).get("code", "")).code
    except ValidationError:
        return None
