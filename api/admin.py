"""``/v1/admin``: what an operator does, for keys with the scope admin."""

from datetime import timedelta

import falcon

from otp_worker.domain.ports import Clock
from otp_worker.operations.admin import Operator

from .request_body import read_body
from .schemas.admin import ErasedBody, ExemptBody, NumberBody, PauseBody, PausesBody, UnlockedBody


class Pauses:
    """What the pumping guard pauses, and what it must not."""

    def __init__(self, operator: Operator, clock: Clock) -> None:
        self._operator = operator
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Every block and country that was paused or exempted."""
        now = self._clock()
        shown = [PauseBody.of(each, now) for each in self._operator.pauses(now)]
        resp.text = PausesBody(pauses=shown).model_dump_json()

    on_head = on_get

    def on_post_exempt(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End a pause, and allow none for a while."""
        body = read_body(req, ExemptBody)
        now = self._clock()
        exempted = self._operator.exempt(body.target, now + timedelta(hours=body.hours))
        resp.text = PauseBody.of(exempted, now).model_dump_json()


class Numbers:
    """What is kept under a number."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def on_post_unlock(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Unlock a number that too many wrong codes were entered for."""
        unlocked = self._operator.unlock(read_body(req, NumberBody).to)
        resp.text = UnlockedBody(to=unlocked.masked).model_dump_json()

    def on_post_forget(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Erase a person."""
        masked, erased = self._operator.forget(read_body(req, NumberBody).to)
        resp.text = ErasedBody(
            to=masked, verifications=erased.verifications, replies=erased.replies
        ).model_dump_json()
