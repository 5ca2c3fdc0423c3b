"""What is said of a message: nothing of codes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from otp_worker.domain.cause import explain
from otp_worker.domain.message import CHANNEL
from otp_worker.domain.quiet_hours import QUIET
from otp_worker.domain.verification import Delivery, DeliveryStatus, Verification, VerificationStatus

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PENDING, CANCELED = VerificationStatus.PENDING, VerificationStatus.CANCELED
APPROVED, FAILED = VerificationStatus.APPROVED, VerificationStatus.FAILED


def message(status: VerificationStatus, sms: Delivery) -> Verification:
    return Verification(
        id="msg_1",
        app="shop",
        status=status,
        reason=None,
        to="+44********56",
        user=None,
        channel=CHANNEL,
        checks=0,
        max_checks=0,
        created_at=NOON,
        expires_at=NOON + timedelta(seconds=360),
        resend_at=NOON,
        ended_at=None if status is PENDING else NOON,
        newest_delivery=sms,
    )


SMS = Delivery(
    id="msg_1.1",
    status=DeliveryStatus.QUEUED,
    attempts=0,
    route="GB",
    gateway=None,
    sim=None,
    reason=None,
    created_at=NOON,
    due_at=NOON,
    deadline_at=NOON + timedelta(seconds=300),
    sent_at=None,
    delivered_at=None,
)
AT = {"sent_at": NOON, "gateway": "office", "sim": "desk"}
SAID = [
    (PENDING, {}, "Accepted 2.0 s ago: it is sent next."),
    (CANCELED, {"status": "superseded"}, "Called back by the app, before it was sent."),
    (APPROVED, {"status": "sent", **AT}, "Handed over at 12:00:00; no receipt came yet."),
    (APPROVED, {"status": "delivered", "delivered_at": NOON + timedelta(seconds=1), **AT}, "Delivered 1.0 s"),
    (
        APPROVED,
        {"status": "sent", "reason": "it may have been sent: no answer", **AT},
        "It may have been sent",
    ),
    (FAILED, {"status": "failed", "reason": "the person wants no SMS"}, "Not sent: the number texted STOP."),
    (FAILED, {"status": "expired", "reason": "not sent in time: no worker took it up"}, "Not sent by 12:05"),
    (
        PENDING,
        {"status": "waiting", "reason": QUIET, "due_at": NOON + timedelta(seconds=120)},
        "Quiet hours where the number is; it is sent from 12:02 on.",
    ),
    (
        PENDING,
        {"status": "waiting", "reason": QUIET, "due_at": NOON + timedelta(hours=8)},
        "Quiet hours where the number is, until after 12:05, when it expires unsent.",
    ),
    (
        FAILED,
        {"status": "expired", "reason": f"not sent in time: {QUIET}"},
        "Not sent by 12:05, when its time was over: quiet hours where the number is.",
    ),
]


@pytest.mark.parametrize(("status", "fields", "said"), SAID, ids=[each[2] for each in SAID])
def test_a_messages_cause_is_that_of_its_sms(
    status: VerificationStatus, fields: dict[str, object], said: str
) -> None:
    known = {**fields, "status": DeliveryStatus(str(fields.get("status", "queued")))}
    sms = replace(SMS, **known)  # type: ignore[arg-type]
    told = explain(message(status, sms), [sms], [], [], NOON + timedelta(seconds=2))
    assert told.for_apps.startswith(said)
    assert "code" not in told.for_apps + told.for_operators
