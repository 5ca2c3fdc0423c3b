"""An example of every request and every answer about messages."""

from collections.abc import Mapping

from pydantic import BaseModel

from otp_worker.domain.limits import Limit
from otp_worker.domain.message import MessageStatus, Priority
from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import DeliveryStatus

from ..schemas.limits import LeftBody
from ..schemas.messages import (
    AcceptedMessageBody,
    BatchAnswerBody,
    BatchItemBody,
    MessagesBody,
    MessageTimelineBody,
    SentMessageBody,
)
from ..schemas.problems import TYPE, FieldErrorBody, ProblemBody
from ..schemas.trail import MomentBody
from ..schemas.verifications import DeliveryBody
from .example_values import AT, MASKED, NUMBER, Requests, at

MESSAGE_ID = "msg_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"

_QUEUED = DeliveryBody(
    status=DeliveryStatus.QUEUED,
    attempts=0,
    gateway=None,
    reason=None,
    next_attempt_at=AT,
    deadline_at=at(300),
    sent_at=None,
    delivered_at=None,
    wait=None,
)
_PENDING = SentMessageBody(
    id=MESSAGE_ID,
    status=MessageStatus.PENDING,
    reason=None,
    to=MASKED,
    priority=Priority.CODE,
    user="user-17",
    client_reference=None,
    tags={},
    delivery=_QUEUED,
    created_at=AT,
    expires_at=at(300),
    ended_at=None,
)
_DELIVERED = _PENDING.model_copy(
    update={
        "status": MessageStatus.DELIVERED,
        "ended_at": at(1),
        "delivery": _QUEUED.model_copy(
            update={
                "status": DeliveryStatus.DELIVERED,
                "attempts": 1,
                "gateway": "office",
                "next_attempt_at": None,
                "sent_at": at(1),
                "delivered_at": at(2),
            }
        ),
    }
)
_CANCELED = _PENDING.model_copy(
    update={
        "status": MessageStatus.CANCELED,
        "reason": "canceled before it was sent",
        "ended_at": at(5),
        "delivery": _QUEUED.model_copy(
            update={
                "status": DeliveryStatus.SUPERSEDED,
                "reason": "canceled before it was sent",
                "next_attempt_at": None,
            }
        ),
    }
)
_REFUSED = ProblemBody(
    type=f"{TYPE}invalid_field",
    title="invalid field",
    status=422,
    detail="to: this is not a mobile number.",
    errors=[FieldErrorBody(field="to", detail="this is not a mobile number")],
)
_MOMENTS = (
    (0, StepKind.ACCEPTED, "the text was given"),
    (1, StepKind.TAKEN, "the SMS was handed over"),
    (2, StepKind.RECEIPT, "the receipt says delivered 1.0 s after it was handed over"),
)
_LEFT = [LeftBody(limit=Limit.NUMBER, window_seconds=600, left=4)]

MESSAGE_REQUESTS: dict[str, Requests] = {
    "sendMessage": {
        "code": (
            "A code that your own system made and checks",
            {"to": NUMBER, "text": "Your code is 123456", "expires_in_seconds": 300},
        ),
        "notice": (
            "A notice, which gives way to codes",
            {
                "to": NUMBER,
                "text": "Your parcel comes today between 14:00 and 15:00.",
                "priority": "notice",
                "user": "user-17",
            },
        ),
    },
    "sendMessages": {
        "two": (
            "Two notices, one of which cannot be sent",
            {
                "messages": [
                    {"to": NUMBER, "text": "We open at nine tomorrow.", "priority": "notice"},
                    {"to": "+4420", "text": "We open at nine tomorrow.", "priority": "notice"},
                ]
            },
        ),
    },
}

MESSAGE_ANSWERS: dict[str, Mapping[str, BaseModel]] = {
    "sendMessage": {"accepted": AcceptedMessageBody(**dict(_PENDING), limits=_LEFT)},
    "sendMessages": {
        "one of two": BatchAnswerBody(
            accepted=1,
            refused=1,
            results=[
                BatchItemBody(message=AcceptedMessageBody(**dict(_PENDING), limits=_LEFT)),
                BatchItemBody(problem=_REFUSED),
            ],
        )
    },
    "getMessage": {"delivered": _DELIVERED},
    "getMessageTimeline": {
        "delivered": MessageTimelineBody(
            id=MESSAGE_ID,
            status=MessageStatus.DELIVERED,
            cause="Delivered 2.0 s after the request.",
            timeline=[
                MomentBody(at=at(second), kind=kind, milliseconds=second * 1000, what=what)
                for second, kind, what in _MOMENTS
            ],
        )
    },
    "cancelMessage": {"canceled": _CANCELED},
    "listMessages": {"page": MessagesBody(messages=[_DELIVERED], next_cursor=None)},
}
