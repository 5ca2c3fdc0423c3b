"""Signing in and out."""

import math

import falcon
import structlog

from .acts import Acts
from .attempts import LoginAttempts
from .guard import LINK_OVER, SIGN_IN, end_session, is_signed_in, keep_session
from .pages import Pages
from .sessions import Session, Sessions

log = structlog.get_logger()

WRONG = "The name or the password is not right."
OVER = (
    "This link was used already, or is of an earlier demo: each signs in once. Sign in with the name and the "
    "password beside Console in the demo's terminal, or start the demo again for a new link."
)


class Login:
    """The page to sign in."""

    def __init__(self, pages: Pages, sessions: Sessions, attempts: LoginAttempts, acts: Acts) -> None:
        self._pages = pages
        self._acts = acts
        self._sessions = sessions
        self._attempts = attempts

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The form, with a session of its own that nobody has signed in to."""
        if is_signed_in(req):
            raise falcon.HTTPSeeOther("/")
        self._show(req, resp, wrong=OVER if LINK_OVER in req.query_string.split("&") else "")

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Judge a login."""
        address = req.remote_addr
        form = req.context.form
        wait = self._attempts.take(address)
        if wait > 0:
            log.warning("console_login_limited")
            resp.set_header("Retry-After", str(math.ceil(wait)))
            minutes = math.ceil(wait / 60)
            self._show(req, resp, 429, f"Too many tries. Try again in {minutes} min.")
            return
        login = form.get("login", "")
        if not self._sessions.is_right(login, form.get("password", "")):
            log.warning("console_login_refused")
            self._show(req, resp, 401, WRONG)
            return
        self._attempts.forgive(address)
        cookie, _ = self._sessions.begin(login)
        keep_session(req, resp, cookie)
        self._acts.perform(login, "sign in", login, lambda: "Signed in.")
        resp.status = falcon.HTTP_303
        resp.location = _local(form.get("next", ""))

    def _show(self, req: falcon.Request, resp: falcon.Response, status: int = 200, wrong: str = "") -> None:
        session: Session | None = req.context.session
        if session is None or session.login:
            cookie, req.context.session = self._sessions.begin()
            keep_session(req, resp, cookie)
        wanted = req.get_param("next") or getattr(req.context, "form", {}).get("next", "")
        resp.status = falcon.code_to_http_status(status)
        self._pages.show(req, resp, "login.html", wrong=wrong, next=_local(wanted))


class Logout:
    """The way out."""

    def on_post(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """End the session of this browser."""
        end_session(resp)
        resp.status = falcon.HTTP_303
        resp.location = SIGN_IN


def _local(path: str) -> str:
    """A path of ours; the first page for whatever leads elsewhere."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"
