"""``/v1/conversions``: how many codes were sent, arrived and were entered."""

import falcon

from otp_worker.domain.app import App
from otp_worker.domain.ports import Clock
from otp_worker.operations.conversions import Conversions

from .request_body import read_query
from .schemas.conversions import ConversionsBody, ConversionsQuery


class ConversionsResource:
    """The figures: of an app's own codes, and for the operator of all."""

    def __init__(self, conversions: Conversions, clock: Clock) -> None:
        self._conversions = conversions
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What the query asks for."""
        app: App = req.context.app
        question = read_query(req, ConversionsQuery).question(app)
        report = self._conversions.read(question, self._clock())
        resp.text = ConversionsBody.of(report).model_dump_json()

    on_head = on_get
