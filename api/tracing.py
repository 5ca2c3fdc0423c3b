"""A span for each request, in the trace of who calls, if they have one."""

import re
from contextlib import AbstractContextManager
from typing import Any

import falcon

from otp_worker.domain.tracing import Span, Tracer

_TRACE_CONTEXT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_QUIET = ("/healthz", "/readyz", "/metrics")


class RequestSpans:
    """Opens a span when the route is known and ends it with the answer."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, _resource: Any, _params: Any
    ) -> None:
        """Begin it: its name is the route, never the path, which can hold a token."""
        if req.uri_template is None or req.uri_template in _QUIET:
            return
        given = req.get_header("traceparent") or ""
        parent = given if _TRACE_CONTEXT.fullmatch(given) else None
        opened: AbstractContextManager[Span] = self._tracer.span(f"{req.method} {req.uri_template}", parent)
        req.context.span = opened, opened.__enter__()

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: Any, _ok: bool) -> None:
        """End it."""
        opened, span = getattr(req.context, "span", (None, None))
        if opened is not None and span is not None:
            span.note(status=resp.status_code, request=req.context.request_id)
            opened.__exit__(None, None, None)
