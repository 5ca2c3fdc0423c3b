"""The calls of ``/v1/messages``, for keys with the scope message."""

from otp_worker.domain.app import KeyScope
from otp_worker.domain.errors import (
    CountryNotAllowedError,
    NotFoundError,
    NumberReportedError,
    OptedOutError,
    RateLimitExceededError,
    RequestInFlightError,
    SendsPausedError,
)
from otp_worker.domain.message import MessageEndedError
from otp_worker.domain.sealing import SealingUnavailableError

from .message_batches import MessageBatches
from .messages import Messages
from .route import Route
from .schemas.messages import (
    AcceptedMessageBody,
    BatchAnswerBody,
    BatchBody,
    MessageBody,
    MessagesBody,
    MessagesQuery,
    MessageTimelineBody,
    SentMessageBody,
)

_ONE = "/v1/messages/{message_id}"

MESSAGE_ROUTES = (
    Route(
        "POST",
        "/v1/messages",
        Messages,
        scope=KeyScope.MESSAGE,
        name="sendMessage",
        summary="Have a text sent",
        body=MessageBody,
        answer=AcceptedMessageBody,
        status=202,
        raises=(
            OptedOutError,
            CountryNotAllowedError,
            RateLimitExceededError,
            SendsPausedError,
            NumberReportedError,
            RequestInFlightError,
            SealingUnavailableError,
        ),
        idempotent=True,
        rechecks_key=True,
        tag="messages",
    ),
    Route(
        "POST",
        "/v1/messages/batch",
        MessageBatches,
        scope=KeyScope.MESSAGE,
        name="sendMessages",
        summary="Have up to 1,000 texts sent",
        body=BatchBody,
        answer=BatchAnswerBody,
        status=202,
        raises=(RequestInFlightError, SealingUnavailableError),
        idempotent=True,
        rechecks_key=True,
        tag="messages",
    ),
    Route(
        "GET",
        "/v1/messages",
        Messages,
        scope=KeyScope.MESSAGE,
        name="listMessages",
        summary="List messages, newest first",
        query=MessagesQuery,
        answer=MessagesBody,
        tag="messages",
    ),
    Route(
        "GET",
        _ONE,
        Messages,
        "one",
        scope=KeyScope.MESSAGE,
        name="getMessage",
        summary="Look at a message",
        answer=SentMessageBody,
        raises=(NotFoundError,),
        tag="messages",
    ),
    Route(
        "GET",
        f"{_ONE}/timeline",
        Messages,
        "timeline",
        scope=KeyScope.MESSAGE,
        name="getMessageTimeline",
        summary="See what happened to a message",
        answer=MessageTimelineBody,
        raises=(NotFoundError,),
        tag="messages",
    ),
    Route(
        "POST",
        f"{_ONE}/cancel",
        Messages,
        "cancel",
        scope=KeyScope.MESSAGE,
        name="cancelMessage",
        summary="Call a message back",
        answer=SentMessageBody,
        raises=(NotFoundError, MessageEndedError),
        tag="messages",
    ),
)
