"""Codes that failed or expired, and what is said of each."""

from dataclasses import replace

from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from tests.unit.domain.cause.situation import (
    DELIVERED,
    EXPIRED,
    OFFLINE,
    QUEUED,
    REFUSED,
    SENT,
    UNDELIVERED,
    VERIFICATION,
    Situation,
    away,
    over,
    step,
)

FAILED = [
    Situation(
        "refused by the gateway",
        "Gateway mac1 refuses the number or the message (not_a_mobile).",
        "The number or the message is refused.",
        verification=over(VerificationStatus.FAILED, 3, REFUSED.reason),
        deliveries=(REFUSED,),
    ),
    Situation(
        "refused by the gateway in other words",
        "Gateway modem refuses the number or the message: Kannel's white- or black-list denies the number.",
        "The number or the message is refused.",
        verification=over(VerificationStatus.FAILED, 3, "Kannel's white- or black-list denies the number"),
        deliveries=(replace(REFUSED, gateway="modem"),),
        steps=[step(StepKind.ATTEMPT, 2, outcome="refused", gateway="modem")],
    ),
    Situation(
        "a number that cannot be reached",
        "The gateway reports that the number cannot receive SMS.",
        "The number cannot receive SMS.",
        verification=over(VerificationStatus.FAILED, 9, "the gateway reports this number as unreachable"),
        deliveries=(replace(SENT, status=DeliveryStatus.FAILED),),
    ),
    Situation(
        "not sent in time, the phone offline",
        "Not sent by 22:15, when its time was over: the phone of SIM gb1 was offline from 22:08 on.",
        "Not sent by 22:15, when its time was over: the phone that sends it was offline from 22:08 on.",
        verification=over(VerificationStatus.FAILED, 300.4, EXPIRED.reason),
        deliveries=(EXPIRED,),
        outages=away(-94, 900),
        now=4_000,
    ),
    Situation(
        "not sent in time, the month used up",
        "Not sent by 22:15, when its time was over: SIM gb1 has written to its 100 numbers of this month; "
        "it can write to a new one from 1 Jun on.",
        "Not sent by 22:15, when its time was over.",
        verification=over(
            VerificationStatus.FAILED,
            300.4,
            "not sent in time: gb1 has written to its 100 numbers of this month",
        ),
        deliveries=(EXPIRED,),
    ),
    Situation(
        "not sent in time, its worker gone",
        "Not sent by 22:15, when its time was over: the worker that took it up never came back.",
        "Not sent by 22:15, when its time was over.",
        verification=over(VerificationStatus.FAILED, 300.4, "not sent in time: its worker never came back"),
        deliveries=(replace(EXPIRED, reason="not sent in time: its worker never came back"),),
    ),
    Situation(
        "every attempt took its worker down",
        "Given up: each worker that took it up died over it; look at the workers' log.",
        "Not sent, although it was tried several times.",
        verification=over(VerificationStatus.FAILED, 200, "given up: its attempts never ended"),
        deliveries=(replace(EXPIRED, reason="given up: its attempts never ended"),),
    ),
    Situation(
        "given up, and it may have been sent before",
        "Given up: each worker that took it up died over it; look at the workers' log. "
        "It may have been sent before that; the code can be entered.",
        "Not sent, although it was tried several times. "
        "It may have been sent before that; the code can be entered.",
        deliveries=(
            replace(EXPIRED, status=DeliveryStatus.FAILED, reason="given up: its attempts never ended"),
        ),
    ),
    Situation(
        "another failure",
        "Not sent: the root secret abc123 is not listed.",
        "Not sent; the operator of the service can see why.",
        verification=over(VerificationStatus.FAILED, 3, "the root secret abc123 is not listed"),
        deliveries=(
            replace(QUEUED, status=DeliveryStatus.FAILED, reason="the root secret abc123 is not listed"),
        ),
    ),
    Situation(
        "expired although it arrived",
        "The code expired at 22:20: nobody entered the code, although the SMS arrived at 22:10:06.",
        "The code expired at 22:20: nobody entered the code, although the SMS arrived at 22:10:06.",
        verification=over(VerificationStatus.EXPIRED, 600.5),
        deliveries=(DELIVERED,),
        now=700,
    ),
    Situation(
        "expired, and no receipt came",
        "The code expired at 22:20: nobody entered the code; the SMS was handed over at 22:10:04 and no "
        "receipt says that it arrived.",
        "The code expired at 22:20: nobody entered the code; the SMS was handed over at 22:10:04 and no "
        "receipt says that it arrived.",
        deliveries=(SENT,),
        now=601,
    ),
    Situation(
        "expired after wrong codes, not delivered",
        "The code expired at 22:20: one wrong code was typed, and "
        "the receipt says that the SMS did not arrive.",
        "The code expired at 22:20: one wrong code was typed, and "
        "the receipt says that the SMS did not arrive.",
        verification=replace(VERIFICATION, checks=1),
        deliveries=(UNDELIVERED,),
        now=601,
    ),
    Situation(
        "expired unsent",
        "The code expired at 22:20, before its SMS was sent: the phone of SIM gb1 was offline from 22:08 on.",
        "The code expired at 22:20, before its SMS was sent: the phone that sends it "
        "was offline from 22:08 on.",
        verification=over(VerificationStatus.EXPIRED, 600.5),
        deliveries=(replace(EXPIRED, reason=OFFLINE),),
        outages=away(-94),
        now=601,
    ),
]
