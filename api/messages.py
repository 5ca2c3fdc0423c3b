"""``/v1/messages``: have a text of the app's own sent, look at it, call it back."""

import falcon
import structlog

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError, NotFoundError
from otp_worker.domain.ports import Clock
from otp_worker.domain.verification import Verification
from otp_worker.issue.idempotency import HEADER, REPLAYED_HEADER, Idempotency
from otp_worker.issue.messages import MessageRequest, Messenger
from otp_worker.issue.request import Accepted
from otp_worker.operations.trail import Trails
from otp_worker.operations.wait_estimate import WaitEstimates

from .path_ids import valid_message_id
from .request_body import read_body, read_query
from .schemas.messages import (
    AcceptedMessageBody,
    MessageBody,
    MessagesBody,
    MessagesQuery,
    MessageTimelineBody,
    SentMessageBody,
)

MAX_MESSAGE_BYTES = 16_384


class Messages:
    """The collection, and one message of it."""

    def __init__(
        self,
        *,
        messenger: Messenger,
        idempotency: Idempotency,
        outlook: WaitEstimates,
        trails: Trails,
        clock: Clock,
    ) -> None:
        self._messenger = messenger
        self._idempotency = idempotency
        self._outlook = outlook
        self._trails = trails
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Have a text sent; with an Idempotency-Key, what was accepted before."""
        app: App = req.context.app
        body = read_body(req, MessageBody, MAX_MESSAGE_BYTES)
        body.refuse_too_long()
        request = MessageRequest(**body.model_dump(), request_id=req.context.request_id)
        key = req.get_header(HEADER)
        answered = self._idempotency.run(
            app=app.name,
            key=key,
            # What is kept of it is a keyed hash. The text may be short enough to be guessed, the key is not.
            request=f"message {key} {body.model_dump_json()}",
            act=lambda once: self._accepted(self._messenger.issue(request, app, self._clock(), once)),
            recover=lambda message_id: self._accepted(Accepted(self._messenger.read(message_id, app), [])),
        )
        answer = AcceptedMessageBody.model_validate_json(answered.text)
        structlog.contextvars.bind_contextvars(message=answer.id)
        resp.status = 202
        if answered.replayed:
            resp.set_header(REPLAYED_HEADER, "true")
        resp.set_header("Location", f"/v1/messages/{answer.id}")
        resp.text = answer.model_dump_json()

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List messages, newest first."""
        app: App = req.context.app
        if "to" in req.params:
            raise InvalidFieldError("to", "a number in a URL ends in logs: find messages by user instead")
        query = read_query(req, MessagesQuery)
        page = self._trails.page(query.wanted(app.name), query.limit, query.after)
        resp.text = MessagesBody.of(page, self._clock()).model_dump_json()

    on_head = on_get

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, message_id: str) -> None:
        """Look at a message."""
        found = self._messenger.read(valid_message_id(message_id), req.context.app)
        resp.text = self._body(found).model_dump_json()

    on_head_one = on_get_one

    def on_get_timeline(self, req: falcon.Request, resp: falcon.Response, message_id: str) -> None:
        """Say why a message is where it is, and what happened to it."""
        trail = self._trails.trail(valid_message_id(message_id), req.context.app.name)
        if trail is None:
            raise NotFoundError("there is no such message")
        resp.text = MessageTimelineBody.of(trail, self._clock()).model_dump_json()

    on_head_timeline = on_get_timeline

    def on_post_cancel(self, req: falcon.Request, resp: falcon.Response, message_id: str) -> None:
        """Call back a message that is not sent yet."""
        app: App = req.context.app
        canceled = self._messenger.cancel(valid_message_id(message_id), app, self._clock())
        resp.text = self._body(canceled).model_dump_json()

    def _accepted(self, accepted: Accepted) -> str:
        body = self._body(accepted.verification)
        return AcceptedMessageBody.accepted(body, accepted.left).model_dump_json()

    def _body(self, found: Verification) -> SentMessageBody:
        now = self._clock()
        return SentMessageBody.of(found, now, self._outlook.of(found.delivery, now))
