"""Codes that were handed over and can still be entered, and what is said of each."""

from dataclasses import replace

from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import DeliveryStatus
from tests.unit.domain.cause.situation import (
    DELIVERED,
    RESENT,
    SENT,
    UNDELIVERED,
    VERIFICATION,
    Situation,
    away,
    step,
)

SENT_ALREADY = [
    Situation(
        "handed over a moment ago",
        "Handed over by SIM gb1 at 22:10:04; no receipt came yet.",
        "Handed over at 22:10:04; no receipt came yet.",
        deliveries=(SENT,),
        now=10,
    ),
    Situation(
        "handed over, no receipt since",
        "Handed over by SIM gb1 at 22:10:04; no receipt since: the SMS may not have arrived.",
        "Handed over at 22:10:04; no receipt since: the SMS may not have arrived.",
        deliveries=(SENT,),
    ),
    Situation(
        "handed over after the phone came back",
        "Handed over by SIM gb1 at 22:10:04, as soon as the phone came back; it was offline for 98 s; "
        "no receipt came yet.",
        "Handed over at 22:10:04, as soon as the phone came back; it was offline for 98 s; "
        "no receipt came yet.",
        deliveries=(SENT,),
        outages=away(-94, 4.1),
        now=10,
    ),
    Situation(
        "delivered soon after the SIM was allowed to send again",
        "Delivered by SIM gb1 3.0 s after the SIM might send again; its gateway had asked it to wait "
        "for 4.0 s.",
        "Delivered 3.0 s after it could be sent; it had to wait for 4.0 s.",
        deliveries=(DELIVERED,),
        outages=away(-1, 3, sim="gb1", detail="too many messages (429)"),
    ),
    Situation(
        "delivered after the phone came back",
        "Delivered by SIM gb1 2.7 s after the phone came back; it was offline for 97 s.",
        "Delivered 2.7 s after the phone came back; it was offline for 97 s.",
        deliveries=(DELIVERED,),
        outages=away(-94, 3.3),
    ),
    Situation(
        "delivered by the very SMS that found the gateway back",
        "Delivered by SIM gb1 2.0 s after the gateway came back; it was offline for 14 s.",
        "Delivered 2.0 s after the phone came back; it was offline for 14 s.",
        deliveries=(DELIVERED,),
        outages=away(-10, 4.5, detail="the gateway cannot be reached (SSLError)"),
    ),
    Situation(
        "delivered soon",
        "Delivered by SIM gb1 6.0 s after it was asked for.",
        "Delivered 6.0 s after it was asked for.",
        deliveries=(DELIVERED,),
    ),
    Situation(
        "delivered, while another gateway was away",
        "Delivered by SIM gb1 6.0 s after it was asked for.",
        "Delivered 6.0 s after it was asked for.",
        deliveries=(DELIVERED,),
        outages=away(-94, 3.3, gateway="modem"),
    ),
    Situation(
        "delivered, wrong codes typed",
        "Delivered by SIM gb1 6.0 s after it was asked for. Two wrong codes were typed; "
        "three checks are left.",
        "Delivered 6.0 s after it was asked for. Two wrong codes were typed; three checks are left.",
        verification=replace(VERIFICATION, checks=2),
        deliveries=(DELIVERED,),
        steps=[step(StepKind.CHECK, 20 + n, None, outcome="wrong", count=4 - n) for n in range(2)],
    ),
    Situation(
        "delivered, the number locked",
        "Delivered by SIM gb1 6.0 s after it was asked for. "
        "The last check was refused: the number is locked after too many wrong codes.",
        "Delivered 6.0 s after it was asked for. "
        "The last check was refused: the number is locked after too many wrong codes.",
        deliveries=(DELIVERED,),
        steps=[step(StepKind.CHECK, 20, None, outcome="locked")],
    ),
    Situation(
        "undelivered",
        "Not delivered: the receipt at 22:10:09 says that the SMS sent by SIM gb1 did not arrive.",
        "Not delivered: the receipt at 22:10:09 says that the SMS did not arrive.",
        deliveries=(UNDELIVERED,),
        steps=[step(StepKind.RECEIPT, 9, outcome="undelivered", milliseconds=5000)],
    ),
    Situation(
        "an uncertain answer, not repeated",
        "It may have been sent at 22:10:04 by SIM gb1: the gateway gave no answer (ReadTimeout); "
        "the code can be entered.",
        "It may have been sent at 22:10:04: no answer came; the code can be entered.",
        deliveries=(replace(SENT, reason="it may have been sent: the gateway gave no answer (ReadTimeout)"),),
    ),
    Situation(
        "a resend on its way",
        "Another SMS with the same code was asked for. Accepted 5.0 s ago: a worker takes it up next.",
        "Another SMS with the same code was asked for. Accepted 5.0 s ago: it is sent next.",
        deliveries=(SENT, RESENT),
        now=45,
    ),
    Situation(
        "a resend that failed",
        "Not sent by 22:15, when its time was over: no worker took it up; look whether workers and beat run. "
        "The code of the earlier SMS can still be entered.",
        "Not sent by 22:15, when its time was over. The code of the earlier SMS can still be entered.",
        deliveries=(
            SENT,
            replace(RESENT, status=DeliveryStatus.EXPIRED, reason="not sent in time: no worker took it up"),
        ),
        now=350,
    ),
]
