"""Codes that are over, those of a person who texts us, and rehearsals, and what is said of each."""

from dataclasses import replace

from otp_worker.domain.sim import SANDBOX
from otp_worker.domain.step import BY_ITS_APP, StepKind
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from tests.unit.domain.cause.situation import (
    CALLED_BACK,
    DELIVERED,
    ID,
    QUEUED,
    REFUSED,
    SENT,
    UNTIL,
    VERIFICATION,
    WAITING,
    Situation,
    at,
    over,
    step,
)

OVER = [
    Situation(
        "approved",
        "Approved: the right code was entered 12 s after the request.",
        "Approved: the right code was entered 12 s after the request.",
        verification=over(VerificationStatus.APPROVED, 12.3),
        deliveries=(DELIVERED,),
    ),
    Situation(
        "approved after a resend",
        "Approved: the right code was entered 55 s after the request, after two SMS.",
        "Approved: the right code was entered 55 s after the request, after two SMS.",
        verification=over(VerificationStatus.APPROVED, 55),
        deliveries=(SENT, replace(DELIVERED, id=f"{ID}.2")),
    ),
    Situation(
        "approved by its app",
        "Approved by the app shop without the code 12 s after the request.",
        "Approved by the app without the code 12 s after the request.",
        verification=replace(over(VerificationStatus.APPROVED, 12.3), reason=BY_ITS_APP),
        deliveries=(DELIVERED,),
    ),
    Situation(
        "five wrong codes",
        "The person typed five wrong codes.",
        "The person typed five wrong codes.",
        verification=over(VerificationStatus.MAX_CHECKS_REACHED, 50, checks=5),
        deliveries=(DELIVERED,),
    ),
    Situation(
        "canceled at once",
        "Canceled by the app shop 0.2 s after the request, before its SMS was sent.",
        "Canceled by the app 0.2 s after the request, before its SMS was sent.",
        verification=over(VerificationStatus.CANCELED, 0.2),
        deliveries=(CALLED_BACK,),
    ),
    Situation(
        "canceled after it was handed over",
        "Canceled by the app shop 30 s after the request, after its SMS was handed over.",
        "Canceled by the app 30 s after the request, after its SMS was handed over.",
        verification=over(VerificationStatus.CANCELED, 30),
        deliveries=(SENT,),
    ),
    Situation(
        "canceled, and sent after all",
        "Canceled by the app shop 3.0 s after the request, before its SMS was sent. "
        "The SMS went out after all, as its receipt says.",
        "Canceled by the app 3.0 s after the request, before its SMS was sent. "
        "The SMS went out after all, as its receipt says.",
        verification=over(VerificationStatus.CANCELED, 3),
        deliveries=(
            replace(
                CALLED_BACK,
                reason="canceled before it was sent; the gateway reports it as sent after all",
                sent_at=at(4),
            ),
        ),
    ),
    Situation(
        "replaced by a newer request",
        "Replaced by a newer request 40 s after this one, before its SMS was sent.",
        "Replaced by a newer request 40 s after this one, before its SMS was sent.",
        verification=over(VerificationStatus.CANCELED, 40, "superseded by a newer request"),
        deliveries=(CALLED_BACK,),
    ),
    Situation(
        "reported",
        "The person reported at 22:10 that somebody else asked for the code.",
        "The person reported at 22:10 that somebody else asked for the code.",
        verification=over(VerificationStatus.CANCELED, 40, "reported by the person"),
        deliveries=(DELIVERED,),
    ),
    Situation(
        "the database was restored",
        "Canceled: the database was restored from a backup, made 2026-05-13 01:00:00Z.",
        "Canceled: the service was restored from a backup.",
        verification=over(
            VerificationStatus.CANCELED,
            40,
            "the database was restored from a backup, made 2026-05-13 01:00:00Z",
        ),
        deliveries=(SENT,),
    ),
    Situation(
        "a STOP of another day",
        "Not sent: the number texted STOP on 12 May.",
        "Not sent: the number texted STOP on 12 May.",
        verification=over(VerificationStatus.FAILED, 3, "the person wants no SMS"),
        deliveries=(replace(QUEUED, status=DeliveryStatus.SUPERSEDED, reason="the person wants no SMS"),),
        steps=[step(StepKind.REPLY, 3, None, outcome="stop")],
        now=86_400,
    ),
    Situation(
        "a STOP that nobody wrote down as a step",
        "Not sent: the number texted STOP.",
        "Not sent: the number texted STOP.",
        verification=over(VerificationStatus.FAILED, 3, "the person wants no SMS"),
        deliveries=(replace(QUEUED, status=DeliveryStatus.FAILED, reason="the person wants no SMS"),),
    ),
    Situation(
        "a person is to text us",
        "Waiting for the person to text the token to us, at the latest until 22:20.",
        "Waiting for the person to text the token to us, at the latest until 22:20.",
        verification=replace(VERIFICATION, channel="inbound"),
        deliveries=(),
    ),
    Situation(
        "a person texted us",
        "Approved: the person texted the token 20 s after the request.",
        "Approved: the person texted the token 20 s after the request.",
        verification=replace(over(VerificationStatus.APPROVED, 20), channel="inbound"),
        deliveries=(),
    ),
    Situation(
        "nobody texted us",
        "Nobody texted the token by 22:20.",
        "Nobody texted the token by 22:20.",
        verification=replace(over(VerificationStatus.EXPIRED, 600), channel="inbound"),
        deliveries=(),
        now=700,
    ),
    Situation(
        "a rehearsal that waits",
        f"A rehearsal with a test key: no SMS leaves. Waiting: the phone is offline; it is sent when it is "
        f"back, {UNTIL}.",
        "A rehearsal with a test key: no SMS leaves. Waiting: the phone that sends it is offline; it is sent "
        f"when it is back, {UNTIL}.",
        deliveries=(replace(WAITING, route=SANDBOX, reason="rehearsed: no paired phone is online"),),
    ),
    Situation(
        "a rehearsed refusal",
        "A rehearsal with a test key: no SMS leaves. The gateway refuses the number or the message.",
        "A rehearsal with a test key: no SMS leaves. The number or the message is refused.",
        verification=over(VerificationStatus.FAILED, 1, "rehearsed: the gateway refused the number"),
        deliveries=(
            replace(
                REFUSED,
                route=SANDBOX,
                gateway="rehearsal",
                sim=None,
                reason="rehearsed: the gateway refused the number",
            ),
        ),
    ),
]
