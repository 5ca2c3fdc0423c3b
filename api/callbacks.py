"""``/v1/callbacks``: receipts and replies from gateways, authenticated by token and signature."""

from urllib.parse import parse_qsl

import falcon
import structlog

from otp_worker.domain.gateway import CallbackRequest
from otp_worker.domain.ports import Clock
from otp_worker.inbound.callbacks import Callbacks

from .request_body import read_raw

MAX_CALLBACK_BYTES = 64 * 1024


class CallbackResource:
    """One endpoint for every gateway; the token says which delivery, or that it is the inbound webhook."""

    def __init__(self, callbacks: Callbacks, clock: Clock) -> None:
        self._callbacks = callbacks
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response, gateway: str, token: str) -> None:
        """Take a callback in."""
        self._receive(req, gateway, token)
        resp.status = 204

    def on_get(self, req: falcon.Request, resp: falcon.Response, gateway: str, token: str) -> None:
        """Take in a callback that comes as a GET: Kannel's, which repeats it unless this is a 200 or 202."""
        self._receive(req, gateway, token)
        resp.status = 200

    def _receive(self, req: falcon.Request, gateway: str, token: str) -> None:
        # Judged by the URL alone: nobody who is not let in can make a thread wait for a body.
        source = self._callbacks.authenticate(gateway, token)
        req.context.caller = f"gateway {gateway}"
        if source.delivery_id is not None:
            ids = {"verification": source.delivery_id.rpartition(".")[0], "delivery": source.delivery_id}
            structlog.contextvars.bind_contextvars(**ids)
        headers = {name.lower(): value for name, value in req.headers.items()}
        query = dict(parse_qsl(req.query_string, keep_blank_values=True))
        request = CallbackRequest(headers, read_raw(req, MAX_CALLBACK_BYTES), query)
        self._callbacks.receive(source, request, self._clock())
