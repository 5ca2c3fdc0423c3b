"""One endpoint for every hook: its name in the path says which system posts, and how it shows who it is."""

import time
from collections.abc import Mapping

import falcon
import structlog

from otp_worker.domain import request_deadline
from otp_worker.domain.hook import Hook, read_hooked
from otp_worker.domain.ports import Clock
from otp_worker.issue.hooked import HookMessenger
from otp_worker.protection.hook_callers import (
    Headers,
    refuse_strange_body,
    refuse_strange_field,
    refuse_strange_headers,
)

from ..body_turns import TURNS, BodyTurns
from ..request_body import is_form, parse_form, parse_object, read_raw
from ..schemas.hooks import message_of
from .answers import answer_accepted, error_shape

MAX_HOOK_BYTES = 64 * 1024
ANSWER_SECONDS = 3.0
"""So long the database is waited for in all: Supabase waits 5 s, in a transaction of its own."""


class HookResource:
    """Takes in what other systems have sent."""

    def __init__(self, messenger: HookMessenger, clock: Clock) -> None:
        self._messenger = messenger
        self._clock = clock
        self._unproven_turns = BodyTurns(TURNS // 2)

    def on_post(self, req: falcon.Request, resp: falcon.Response, hook: str) -> None:
        """Have a text sent for another system."""
        found = self._messenger.find(hook)
        req.context.answer_error = error_shape(found)
        structlog.contextvars.bind_contextvars(hook=found.name)
        with request_deadline.until(time.monotonic() + ANSWER_SECONDS):
            message_id = self._accept(req, found)
        structlog.contextvars.bind_contextvars(message=message_id)
        answer_accepted(found, resp, message_id)

    def _accept(self, req: falcon.Request, hook: Hook) -> str:
        headers = {name.lower(): value for name, value in req.headers.items()}
        body = self._read(req, hook, headers)
        app = self._messenger.app(hook)
        req.context.app = app
        request = message_of(hook, read_hooked(hook, body), req.context.request_id)
        return self._messenger.send(hook, app, request, self._clock())

    def _read(self, req: falcon.Request, hook: Hook, headers: Headers) -> Mapping[str, object]:
        """The body, of the hook's own system. Raises UnauthenticatedError and as every body does."""
        now = self._clock()
        refuse_strange_headers(hook, headers, now)
        if hook.auth.needs_body:
            # Anybody may have sent it: together they have fewer turns than one who is known.
            req.context.body_turns, req.context.caller = self._unproven_turns, "whoever posts to a hook"
        else:
            req.context.caller = f"hook {hook.name}"
        raw = read_raw(req, MAX_HOOK_BYTES)
        refuse_strange_body(hook, headers, raw, now)
        body: Mapping[str, object] = parse_form(raw) if is_form(req) else parse_object(raw, is_form=False)
        refuse_strange_field(hook, body)
        return body
