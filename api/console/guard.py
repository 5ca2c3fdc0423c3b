"""What holds for every request: careful headers, a session, a form that is ours, and one log line."""

import hmac
import secrets
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

import falcon
import structlog
from ulid import ULID

from otp_worker.service.http_server import CONSOLE

from ..body_turns import BodyTurns
from ..forms import read_form
from .sessions import COOKIE, LIFE_SECONDS, Session, Sessions

log = structlog.get_logger()

SIGN_IN = "/login"
LINK_OVER = "link=over"
"""What sends to the login whoever followed a link that signs in nobody any more."""
HEALTH = "/healthz"
STATIC = "/static/"
BODIES_AT_ONCE = CONSOLE.threads // 2
"""Half of the console's threads."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Lets nobody past the sign-in without a session, and takes no form but our own.

    ``open_paths`` are pages that decide by themselves whom they let in.
    """

    def __init__(self, sessions: Sessions, open_paths: Collection[str] = ()) -> None:
        self._sessions = sessions
        self._open_paths = (SIGN_IN, HEALTH, *open_paths)
        self._body_turns = BodyTurns(BODIES_AT_ONCE)

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Set the headers and find the session; whoever has none is sent to sign in."""
        context = req.context
        context.started = time.perf_counter()
        context.request_id = f"req_{ULID()}"
        context.nonce = secrets.token_urlsafe(16)
        context.body_turns = self._body_turns
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=context.request_id)
        for name, value in _HEADERS.items():
            resp.set_header(name, value)
        resp.set_header("Content-Security-Policy", content_security_policy(context.nonce))
        context.session = self._sessions.read(req.cookies.get(COOKIE))
        context.caller = context.session.login if context.session else f"address {req.remote_addr}"
        if not (is_signed_in(req) or req.path in self._open_paths or req.path.startswith(STATIC)):
            _refuse(req)

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, _resource: Any, _params: Any
    ) -> None:
        """Read the form of a POST. Raises HTTPForbidden for one that another site's page may have sent."""
        if req.method != "POST":
            return
        req.context.form = read_form(req)
        session: Session | None = req.context.session
        given = req.context.form.get("csrf", "")
        if session is None or not hmac.compare_digest(given.encode(), session.csrf.encode()):
            raise falcon.HTTPForbidden(description="This page was open for too long. Open it again.")

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: Any, _ok: bool) -> None:
        """Log the route, never the path nor the form."""
        if req.path == HEALTH or req.path.startswith(STATIC):
            return
        session: Session | None = req.context.session
        log.info(
            "console_request",
            method=req.method,
            route=req.uri_template or "-",
            status=resp.status_code,
            login=session.login if session else None,
            ms=round((time.perf_counter() - req.context.started) * 1000, 1),
        )


def content_security_policy(nonce: str, frames: str = "'none'") -> str:
    """What a page may load: its own script and style by a nonce, and frames from one origin at most."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data:; "
        f"connect-src 'self'; frame-src {frames}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def is_signed_in(req: falcon.Request) -> bool:
    """Whether somebody is signed in."""
    session: Session | None = req.context.session
    return session is not None and bool(session.login)


def keep_session(req: falcon.Request, resp: falcon.Response, cookie: str) -> None:
    """Give the browser a session; over TLS, for TLS alone."""
    resp.set_cookie(
        COOKIE,
        cookie,
        max_age=LIFE_SECONDS,
        path="/",
        secure=req.forwarded_scheme == "https",
        http_only=True,
        same_site="Strict",
    )


def end_session(resp: falcon.Response) -> None:
    """Take the session from the browser."""
    resp.unset_cookie(COOKIE, path="/", same_site="Strict")


def _refuse(req: falcon.Request) -> None:
    if req.method not in ("GET", "HEAD") or req.get_header("X-Fragment"):
        raise falcon.HTTPUnauthorized(description="Sign in first.")
    wanted = {} if req.path == "/" else {"next": req.path}
    raise falcon.HTTPSeeOther(f"{SIGN_IN}?{urlencode(wanted)}" if wanted else SIGN_IN)
