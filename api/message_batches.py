"""``/v1/messages/batch``: have up to a thousand texts sent by one request."""

from collections.abc import Sequence
from datetime import datetime

import falcon

from otp_worker.domain.app import App
from otp_worker.domain.errors import RequestError
from otp_worker.domain.ports import Clock
from otp_worker.issue.idempotency import HEADER, REPLAYED_HEADER, Idempotency
from otp_worker.issue.messages import MessageRequest, Messenger
from otp_worker.issue.request import Accepted
from otp_worker.operations.rejections import Rejections
from otp_worker.store.idempotency_keys import IdempotencyKey

from .problems import problem_of
from .request_body import read_body, read_object
from .schemas.messages import (
    AcceptedMessageBody,
    BatchAnswerBody,
    BatchBody,
    BatchItemBody,
    MessageBody,
    SentMessageBody,
)

MAX_BATCH_BYTES = 2_000_000


class MessageBatches:
    """Batches: one transaction, and an answer for each text in its place."""

    def __init__(
        self, *, messenger: Messenger, idempotency: Idempotency, refusals: Rejections, clock: Clock
    ) -> None:
        self._messenger = messenger
        self._idempotency = idempotency
        self._refusals = refusals
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Have texts sent; with an Idempotency-Key, what became of them before."""
        app: App = req.context.app
        body = read_body(req, BatchBody, MAX_BATCH_BYTES)
        key = req.get_header(HEADER)
        requests = [_request(each, req.context.request_id) for each in body.messages]
        answered = self._idempotency.run(
            app=app.name,
            key=key,
            # What is kept of it is a keyed hash. The texts may be short enough to be guessed, the key is not.
            request=f"messages {key} {body.model_dump_json()}",
            act=lambda once: self._accept(requests, app, once),
        )
        resp.status = 202
        if answered.replayed:
            resp.set_header(REPLAYED_HEADER, "true")
        resp.text = answered.text

    def _accept(
        self, requests: Sequence[MessageRequest | RequestError], app: App, once: IdempotencyKey | None
    ) -> str:
        now = self._clock()
        refused: list[RequestError] = []

        def answer_to(outcomes: Sequence[Accepted | RequestError]) -> str:
            refused[:] = [each for each in outcomes if isinstance(each, RequestError)]
            results = [_result(each, now) for each in outcomes]
            return BatchAnswerBody(
                accepted=len(outcomes) - len(refused), refused=len(refused), results=results
            ).model_dump_json()

        answer = self._messenger.issue_batch(requests, app, now, once, answer_to)
        for each in refused:
            self._refusals.count(each)
        return answer


def _request(value: object, request_id: str) -> MessageRequest | RequestError:
    try:
        body = read_object(value, MessageBody)
        body.refuse_too_long()
    except RequestError as refusal:
        return refusal
    return MessageRequest(**body.model_dump(), request_id=request_id)


def _result(outcome: Accepted | RequestError, now: datetime) -> BatchItemBody:
    if isinstance(outcome, RequestError):
        return BatchItemBody(problem=problem_of(outcome), retry_at=outcome.retry_at)
    body = SentMessageBody.of(outcome.verification, now)
    return BatchItemBody(message=AcceptedMessageBody.accepted(body, outcome.left))
