"""An example of every request and every answer, made of the models themselves, so that it fits them.

The first send asks for no language: whoever tries it out gets an SMS in English.
"""

from collections.abc import Mapping

from pydantic import BaseModel

from otp_worker.domain.limits import Limit
from otp_worker.domain.sent_codes import Dimension
from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus

from ..schemas.conversions import CodesBody, ConversionsBody, GroupBody
from ..schemas.health import AlivenessBody, HealthCheckBody, ReadinessBody
from ..schemas.limits import LeftBody
from ..schemas.trail import ListedBody, MomentBody, TimelineBody, VerificationsBody
from ..schemas.verifications import (
    AcceptedBody,
    CheckResultBody,
    DeliveryBody,
    InvitationBody,
    VerificationBody,
)
from .admin_examples import ADMIN_ANSWERS, ADMIN_REQUESTS
from .endpoint_examples import ENDPOINT_ANSWERS, ENDPOINT_REQUESTS
from .entry_examples import ENTRY_ANSWERS, ENTRY_REQUESTS
from .example_values import ADDRESS, AT, MASKED, MASKED_ADDRESS, NUMBER, TEXTED, Requests, at
from .hook_examples import HOOK_ANSWERS, HOOK_REQUESTS
from .message_examples import MESSAGE_ANSWERS, MESSAGE_REQUESTS

ID = "ver_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"

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
_DELIVERED = _QUEUED.model_copy(
    update={
        "status": DeliveryStatus.DELIVERED,
        "attempts": 1,
        "gateway": "office",
        "next_attempt_at": None,
        "sent_at": at(1),
        "delivered_at": at(2),
    }
)
_PENDING = VerificationBody(
    id=ID,
    status=VerificationStatus.PENDING,
    reason=None,
    to=MASKED,
    user="user-17",
    channel="sms",
    delivery=_DELIVERED,
    checks_left=5,
    created_at=AT,
    expires_at=at(301),
    resend_at=at(30),
    ended_at=None,
)
_LEFT = [LeftBody(limit=Limit.NUMBER, window_seconds=600, left=4)]
_ACCEPTED = AcceptedBody(**{**dict(_PENDING), "delivery": _QUEUED}, limits=_LEFT)
_INVITATION = {"text_to": "+447400999999", "expires_at": at(301)}
_LISTED = ListedBody(
    id=ID,
    app="shop",
    status=VerificationStatus.APPROVED,
    reason=None,
    to=MASKED,
    user="user-17",
    channel="sms",
    delivery_status=DeliveryStatus.DELIVERED,
    created_at=AT,
    sent_at=at(1),
    delivered_at=at(2),
    expires_at=at(301),
    ended_at=at(40),
)
_PAGE = VerificationsBody(verifications=[_LISTED], next_cursor=None)
_MOMENTS = (
    (0, StepKind.ACCEPTED, "the code was asked for"),
    (1, StepKind.TAKEN, "the SMS was handed over"),
    (2, StepKind.RECEIPT, "the receipt says delivered 1.0 s after it was handed over"),
    (40, StepKind.APPROVED, "approved"),
)
_BRITISH = GroupBody(
    value="GB",
    country=None,
    label=None,
    sent=200,
    delivered=188,
    approved=170,
    delivered_share=0.94,
    approved_share=0.85,
)
_FRENCH = GroupBody(
    value="FR",
    country=None,
    label=None,
    sent=40,
    delivered=36,
    approved=28,
    delivered_share=0.9,
    approved_share=0.7,
)
_CHECKS = [
    HealthCheckBody(name="database", ok=True, detail="answers", blocking=True),
    HealthCheckBody(name="phone", ok=False, detail="offline since 11:58:26Z", blocking=False),
]

REQUESTS: dict[str, Requests] = {
    "sendVerification": {
        "first": ("The first code, in English", {"to": NUMBER, "user": "user-17"}),
        "more": (
            "In another language, with a life and a length of its own",
            {"to": NUMBER, "user": "user-17", "locale": "de-AT", "ttl_seconds": 300, "code_length": 8},
        ),
        "limits": ("With the end user's address, for limits", {"to": NUMBER, "ip": "203.0.113.7"}),
        "code": ("With a code that the app gives itself", {"to": NUMBER, "code": "402853"}),
        "payment": (
            "For a payment, which the SMS says and the check repeats",
            {
                "to": NUMBER,
                "purpose": "payment",
                "amount": "12.50",
                "currency": "EUR",
                "payee": "Corner Shop",
            },
        ),
        "email": ("By e-mail", {"to": ADDRESS, "channel": "email"}),
        "inbound": ("The person texts a token to us", {"to": NUMBER, "channel": "inbound"}),
    },
    "checkVerification": {
        "typed": ("As the person typed it", {"code": "123456"}),
        "payment": (
            "Of a code for a payment",
            {"code": "123456", "amount": "12.50", "currency": "EUR", "payee": "Corner Shop"},
        ),
    },
    "checkNumber": {"typed": ("As the person typed it", {"to": NUMBER, "code": "123 456"})},
    "searchVerifications": {
        "number": ("Those of a number", {"to": NUMBER}),
        "failed": ("Its last one that failed", {"to": NUMBER, "status": "failed", "limit": 1}),
    },
    **ENTRY_REQUESTS,
    **MESSAGE_REQUESTS,
    **ENDPOINT_REQUESTS,
    **HOOK_REQUESTS,
    **ADMIN_REQUESTS,
}

ANSWERS: dict[str, Mapping[str, BaseModel]] = {
    "sendVerification": {
        "accepted": _ACCEPTED,
        "email": _ACCEPTED.model_copy(update={"to": MASKED_ADDRESS, "channel": "email"}),
        "inbound": _ACCEPTED.model_copy(
            update={
                "channel": "inbound",
                "delivery": None,
                "checks_left": 0,
                "inbound": InvitationBody.model_validate({**_INVITATION, "token": TEXTED}),
            }
        ),
    },
    "resendVerification": {"accepted": _ACCEPTED.model_copy(update={"resent": True})},
    "checkVerification": {
        "right": CheckResultBody(id=ID, status=VerificationStatus.APPROVED, valid=True, checks_left=4),
        "wrong": CheckResultBody(id=ID, status=VerificationStatus.PENDING, valid=False, checks_left=4),
    },
    "getVerification": {"pending": _PENDING},
    "cancelVerification": {
        "canceled": _PENDING.model_copy(update={"status": VerificationStatus.CANCELED, "ended_at": at(20)})
    },
    "listVerifications": {"page": _PAGE},
    "searchVerifications": {"page": _PAGE},
    "getTimeline": {
        "approved": TimelineBody(
            id=ID,
            status=VerificationStatus.APPROVED,
            cause="Approved: the right code was entered 40 s after the request.",
            timeline=[
                MomentBody(at=at(second), kind=kind, milliseconds=second * 1000, what=what)
                for second, kind, what in _MOMENTS
            ],
        )
    },
    "getConversions": {
        "countries": ConversionsBody(
            by=Dimension.COUNTRY,
            since=at(-86_400),
            until=AT,
            settled_until=at(-660),
            total=CodesBody(
                sent=240, delivered=224, approved=198, delivered_share=0.9333, approved_share=0.825
            ),
            groups=[_BRITISH, _FRENCH],
            more=False,
        )
    },
    **ENTRY_ANSWERS,
    **MESSAGE_ANSWERS,
    **ENDPOINT_ANSWERS,
    **HOOK_ANSWERS,
    **ADMIN_ANSWERS,
    "isAlive": {"alive": AlivenessBody()},
    "isReady": {"ready": ReadinessBody(ready=True, checks=_CHECKS)},
}
ANSWERS["checkNumber"] = ANSWERS["checkVerification"]

NOT_READY = ReadinessBody(
    ready=False,
    checks=[HealthCheckBody(name="database", ok=False, detail="does not answer", blocking=True)],
)
