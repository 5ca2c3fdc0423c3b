"""``/v1/callbacks``: receipts and replies from gateways, authenticated by token and signature."""

from urllib.parse import parse_qsl

import falcon

from api.reading import read_raw
from otp_worker.callbacks import Callbacks
from otp_worker.gateways.gateway import CallbackRequest
from otp_worker.policy import Clock

MAX_CALLBACK_BYTES = 64 * 1024


class CallbackResource:
    """One endpoint for every gateway; the token says which delivery, or that it is the inbound webhook."""

    public = True

    def __init__(self, callbacks: Callbacks, clock: Clock) -> None:
        self._callbacks = callbacks
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response, gateway: str, token: str) -> None:
        """Take a callback in."""
        headers = {name.lower(): value for name, value in req.headers.items()}
        query = dict(parse_qsl(req.query_string, keep_blank_values=True))
        request = CallbackRequest(headers, read_raw(req, MAX_CALLBACK_BYTES), query)
        self._callbacks.receive(gateway, token, request, self._clock())
        resp.status = 204

    # Kannel tells of a delivery by a GET.
    on_get = on_post
