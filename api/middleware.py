"""What holds for every request: an id, a caller, one log line, and headers that keep browsers careful."""

import re
import time
from collections.abc import Iterable
from typing import Any

import falcon
import structlog
from ulid import ULID

from otp_worker.domain.errors import ScopeMissingError
from otp_worker.issue.idempotency import HEADER
from otp_worker.operations.request_times import RequestTimes
from otp_worker.protection.api_keys import ApiKeys, Scheme
from otp_worker.protection.credentials import hash_of_bearer

from .body_turns import BodyTurns
from .route import Route

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = ("/healthz", "/readyz")

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class RequestLog:
    """Gives each request an id, the caller's own if it is a plain one, and logs one line for it."""

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Bind the id to everything that is logged from here on."""
        given = req.get_header("X-Request-Id") or ""
        req.context.request_id = given if _REQUEST_ID.fullmatch(given) else f"req_{ULID()}"
        req.context.started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=req.context.request_id)
        resp.set_header("X-Request-Id", req.context.request_id)
        for name, value in _HEADERS.items():
            resp.set_header(name, value)

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: Any, _ok: bool) -> None:
        """Log the route, never the path: a path can hold a token."""
        if req.path in _QUIET:
            return
        app = getattr(req.context, "app", None)
        log.info(
            "request",
            method=req.method,
            route=req.uri_template or "-",
            status=resp.status_code,
            app=app.name if app else None,
            ms=round((time.perf_counter() - req.context.started) * 1000, 1),
        )


class RequestTimer:
    """Counts each request by its method, route and status, and the time that it took."""

    def __init__(self, times: RequestTimes, routes: Iterable[Route]) -> None:
        self._times = times
        self._methods = {route.method for route in routes} | {"HEAD", "OPTIONS"}

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: Any, _ok: bool) -> None:
        """Count it under its route, never its path, and under a method that somebody made up as "other"."""
        method = req.method if req.method in self._methods else "other"
        seconds = time.perf_counter() - req.context.started
        self._times.count(method, req.uri_template or "-", resp.status_code, seconds)


class TrailingSlash:
    """Answers 404 to a path with a slash too many, and names the right one if it is one of ``paths``.

    Any other path can hold an id or a number, which no answer repeats.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(paths)

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Raises HTTPNotFound."""
        path = req.path.rstrip("/")
        if path and path != req.path:
            fix = "leave away the slash at its end"
            if path in self._paths:
                fix = f"without the slash at its end it is {path}"
            raise falcon.HTTPNotFound(description=f"there is nothing at this path; {fix}")


class Authentication:
    """Finds the app that calls, by its API key, and holds its key to what the route asks for.

    Who calls has its turns at bodies. ``scheme`` is how they say who they are.
    """

    def __init__(self, api_keys: ApiKeys, routes: Iterable[Route], scheme: Scheme = hash_of_bearer) -> None:
        self._api_keys = api_keys
        self._scheme = scheme
        self._body_turns = BodyTurns()
        self._rechecking = {(route.method, route.path) for route in routes if route.rechecks_key}
        self._public = {(route.method, route.path) for route in routes if route.scope is None}
        self._scopes = {(route.method, route.path): route.scope for route in routes if route.scope}

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, _resource: Any, _params: Any
    ) -> None:
        """Let the caller in; raises UnauthenticatedError and ScopeMissingError."""
        req.context.body_turns = self._body_turns
        # A HEAD is answered as the GET is, without the body.
        method = "GET" if req.method == "HEAD" else req.method
        call = (method, req.uri_template or "")
        if call in self._public:
            return
        # An answer that is kept for an Idempotency-Key is told without anything being done.
        rechecks = call in self._rechecking and req.get_header(HEADER) is None
        look_up = self._api_keys.recognize if rechecks else self._api_keys.authenticate
        app = look_up(req.get_header("Authorization"), self._scheme)
        req.context.app = app
        req.context.caller = f"app {app.name}"
        scope = self._scopes.get(call)
        if scope is not None and scope not in app.scopes:
            raise ScopeMissingError(f"this API key may not be used to {scope}; make one with --scope {scope}")
