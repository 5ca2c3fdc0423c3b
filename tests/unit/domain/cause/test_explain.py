"""What a support person is told of a code, situation by situation, and what an app is told of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from otp_worker.domain.cause import Cause, explain
from otp_worker.domain.cause.words import lasting
from otp_worker.domain.sim import SANDBOX, Sim
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import Delivery, DeliveryStatus, Verification, VerificationStatus

ID = "ver_" + "0" * 26
ASKED = datetime(2026, 5, 12, 22, 10, tzinfo=UTC)
SIMS = (Sim("gb1", "mac1", countries=frozenset({"GB"})), Sim("de1", "modem", countries=frozenset({"DE"})))
OFFLINE = "no paired phone is online (device_offline)"


def at(seconds: float) -> datetime:
    """So many seconds after the request."""
    return ASKED + timedelta(seconds=seconds)


VERIFICATION = Verification(
    id=ID,
    app="shop",
    status=VerificationStatus.PENDING,
    reason=None,
    to="+44********56",
    user="user-17",
    channel="sms",
    checks=0,
    max_checks=5,
    created_at=ASKED,
    expires_at=at(600),
    resend_at=at(30),
    ended_at=None,
    newest_delivery=None,
)
QUEUED = Delivery(
    id=f"{ID}.1",
    status=DeliveryStatus.QUEUED,
    attempts=0,
    route="GB",
    gateway=None,
    sim=None,
    reason=None,
    created_at=ASKED,
    due_at=ASKED,
    deadline_at=at(300),
    sent_at=None,
    delivered_at=None,
)
VIA: dict[str, Any] = {"gateway": "mac1", "sim": "gb1"}
WAITING = replace(QUEUED, status=DeliveryStatus.WAITING, reason=OFFLINE)
SENDING = replace(QUEUED, status=DeliveryStatus.SENDING, attempts=1)
SENT = replace(
    QUEUED, status=DeliveryStatus.SENT, attempts=1, reason="accepted by the gateway", sent_at=at(4), **VIA
)
DELIVERED = replace(SENT, status=DeliveryStatus.DELIVERED, delivered_at=at(6))
UNDELIVERED = replace(
    SENT, status=DeliveryStatus.UNDELIVERED, reason="the gateway reports it as not delivered"
)


def over(status: VerificationStatus, seconds: float, reason: str | None = None, **more: Any) -> Verification:
    """The verification, ended so many seconds after the request."""
    return replace(VERIFICATION, status=status, ended_at=at(seconds), reason=reason, **more)


def step(kind: StepKind, seconds: float, number: int | None = 1, **more: Any) -> Step:
    """A step so many seconds after the request."""
    return Step(at(seconds), kind, ID, number, **more)


def away(since: float, until: float | None = None, **more: Any) -> list[Step]:
    """The breaker's steps of an outage."""
    whose: dict[str, Any] = {"gateway": "mac1", "detail": OFFLINE, **more}
    opened = Step(at(since), StepKind.BREAKER_OPENED, **whose)
    if until is None:
        return [opened]
    whose.pop("detail")
    milliseconds = round((until - since) * 1000)
    return [opened, Step(at(until), StepKind.BREAKER_CLOSED, milliseconds=milliseconds, **whose)]


@dataclass(frozen=True)
class Situation:
    """What is kept, when it is looked at, and what is said to operators and to apps."""

    name: str
    operators: str
    apps: str
    verification: Verification = VERIFICATION
    deliveries: Sequence[Delivery] = (QUEUED,)
    steps: Sequence[Step] = ()
    outages: Sequence[Step] = ()
    now: float = 60
    sims: Sequence[Sim] = SIMS

    @property
    def told(self) -> Cause:
        """What is said of it."""
        return explain(
            self.verification, self.deliveries, self.steps, self.outages, at(self.now), sims=self.sims
        )


REFUSED = replace(
    QUEUED,
    status=DeliveryStatus.FAILED,
    attempts=1,
    reason="the gateway refuses this message (not_a_mobile)",
    **VIA,
)
EXPIRED = replace(WAITING, status=DeliveryStatus.EXPIRED, reason=f"not sent in time: {OFFLINE}")
RESENT = replace(QUEUED, id=f"{ID}.2", created_at=at(40), due_at=at(40), deadline_at=at(340))
CALLED_BACK = replace(QUEUED, status=DeliveryStatus.SUPERSEDED, reason="canceled before it was sent")
UNTIL = "at the latest until 22:15"

SITUATIONS = [
    Situation(
        "accepted just now",
        "Accepted 0.4 s ago: a worker takes it up next.",
        "Accepted 0.4 s ago: it is sent next.",
        now=0.4,
    ),
    Situation(
        "no worker takes it up",
        "No worker has taken it up for 40 s: look whether workers and beat run; it fails at 22:15 otherwise.",
        f"Not sent yet, 40 s after it was due; it is sent {UNTIL}.",
        now=40,
    ),
    Situation(
        "in a worker's hand",
        "Being sent by worker worker-1@a since 22:10:01.",
        "It is being sent at this moment.",
        deliveries=(SENDING,),
        steps=[step(StepKind.CLAIMED, 1, detail="worker-1@a")],
        now=2,
    ),
    Situation(
        "in the hand of an older version's worker",
        "A worker is sending it at this moment.",
        "It is being sent at this moment.",
        deliveries=(SENDING,),
        now=2,
    ),
    Situation(
        "a worker that does not come back",
        "Worker worker-1@a took it up 59 s ago and has not come back, so it may have been sent; "
        "another worker takes over.",
        "It may have been sent; it is tried once more.",
        deliveries=(SENDING,),
        steps=[step(StepKind.CLAIMED, 1, detail="worker-1@a")],
    ),
    Situation(
        "its worker died and another one claimed it",
        "Worker worker-1@a took it up at 22:10:01 and never came back, so it may have been sent; "
        "worker worker-2@a has it since 22:10:32.",
        "It may have been sent; it is tried once more since 22:10:32.",
        deliveries=(SENDING,),
        steps=[
            step(StepKind.CLAIMED, 1, detail="worker-1@a"),
            step(StepKind.CLAIMED, 32, detail="worker-2@a"),
        ],
        now=33,
    ),
    Situation(
        "waiting for a phone that is offline",
        f"Waiting: the phone of SIM gb1 has been offline since 22:08; it is sent when it is back, {UNTIL}.",
        "Waiting: the phone that sends it has been offline since 22:08; it is sent when it is back, "
        f"{UNTIL}.",
        deliveries=(WAITING,),
        outages=away(-94),
    ),
    Situation(
        "waiting in a line",
        f"Waiting: the phone of SIM gb1 has been offline since 22:08; it is sent when it is back, {UNTIL}. "
        "It is number 12 in line.",
        "Waiting: the phone that sends it has been offline since 22:08; it is sent when it is back, "
        f"{UNTIL}. It is number 12 in line.",
        deliveries=(WAITING,),
        steps=[step(StepKind.WAITING, 0, detail=OFFLINE, count=12)],
        outages=away(-94),
    ),
    Situation(
        "waiting for a phone since another day",
        "Waiting: the phone of SIM gb1 has been offline since 11 May 22:10; it is sent when it is back, "
        f"{UNTIL}.",
        "Waiting: the phone that sends it has been offline since 11 May 22:10; it is sent when it is back, "
        f"{UNTIL}.",
        deliveries=(WAITING,),
        outages=away(-86_400),
    ),
    Situation(
        "waiting for a phone, and nobody wrote down since when",
        f"Waiting: the phone of SIM gb1 is offline; it is sent when it is back, {UNTIL}.",
        f"Waiting: the phone that sends it is offline; it is sent when it is back, {UNTIL}.",
        deliveries=(replace(WAITING, **VIA),),
    ),
    Situation(
        "waiting for a gateway that cannot be reached",
        "Waiting: gateway mac1 is away since 22:09 (the gateway cannot be reached (ConnectTimeout)); "
        f"it is sent when it is back, {UNTIL}.",
        "Waiting: the phone that sends it has been offline since 22:09; it is sent when it is back, "
        f"{UNTIL}.",
        deliveries=(replace(WAITING, reason="the gateway cannot be reached (ConnectTimeout)"),),
        outages=away(-60, detail="the gateway cannot be reached (ConnectTimeout)"),
    ),
    Situation(
        "the gateway refuses the account",
        "Waiting: gateway mac1 refuses the account until you mend it (the gateway refuses our key (401)); "
        f"it is sent when one can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="the gateway refuses our key (401)", **VIA),),
        steps=[
            step(
                StepKind.ATTEMPT,
                1,
                outcome="misconfigured",
                detail="the gateway refuses our key (401)",
                **VIA,
            )
        ],
        outages=away(1, detail="the gateway refuses our key (401)"),
    ),
    Situation(
        "the gateway asks the SIM to wait",
        "Waiting: gateway mac1 asks SIM gb1 to wait since 22:10 (too many messages (429)); "
        f"it is sent when one can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="too many messages (429)", **VIA),),
        steps=[step(StepKind.ATTEMPT, 1, outcome="throttled", detail="too many messages (429)", **VIA)],
        outages=away(1, sim="gb1", detail="too many messages (429)"),
    ),
    Situation(
        "the day's budget is used up",
        "Waiting: SIM gb1 has used its 200 SMS of today; the next can go at 13 May 00:00; "
        f"it is sent when one can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="gb1 has sent its 200 of today"),),
    ),
    Situation(
        "the day's budget is used up, in the SIM's own zone",
        "Waiting: SIM gb1 has used its 200 SMS of today; the next can go at 22:12; "
        f"it is sent when one can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="gb1 has sent its 200 of today"),),
        sims=[Sim("gb1", "mac1", zone=timezone(timedelta(hours=1, minutes=48)))],
    ),
    Situation(
        "the month's budget is used up",
        "Waiting: SIM gb1 has written to its 100 numbers of this month; it can write to a new one from "
        f"1 Jun on; it is sent when one can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="gb1 has written to its 100 numbers of this month"),),
    ),
    Situation(
        "outside the SIM's hours, and its turn of another SIM",
        "Waiting: SIM gb1 works from 08:00 to 20:00 only; it waits for its turn, as the SIM sends "
        f"30 a minute; it is sent when one can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="gb1 works 08:00-20:00; waits for its turn: 30 a minute"),),
    ),
    Situation(
        "no SIM for the country",
        f"Waiting: no SIM may send to FR; it is sent when one can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, route="FR", reason="no SIM serves FR"),),
    ),
    Situation(
        "an uncertain answer, to be repeated",
        "It may have been sent at 22:10:02, but the gateway gave no answer (ReadTimeout); "
        "the same code is sent once more at 22:10:20.",
        "It may have been sent at 22:10:02, but no answer came; the same code is sent once more at 22:10:20.",
        deliveries=(
            replace(
                QUEUED,
                attempts=1,
                due_at=at(20),
                reason="the gateway gave no answer (ReadTimeout)",
                **VIA,
            ),
        ),
        steps=[
            step(
                StepKind.ATTEMPT,
                2,
                outcome="uncertain",
                detail="the gateway gave no answer (ReadTimeout)",
                **VIA,
            )
        ],
        now=10,
    ),
    Situation(
        "attempts that failed, and no steps",
        "Two attempts failed (the gateway cannot be reached (SSLError)); the next one is at 22:10:20.",
        "It could not be sent yet; the next attempt is at 22:10:20.",
        deliveries=(
            replace(
                QUEUED,
                attempts=2,
                due_at=at(20),
                reason="the gateway cannot be reached (SSLError)",
                **VIA,
            ),
        ),
        now=10,
    ),
    Situation(
        "its deadline is over and no sweep has said so",
        "Not sent in time, until 22:15: the phone of SIM gb1 has been offline since 22:08.",
        "Not sent in time, until 22:15: the phone that sends it has been offline since 22:08.",
        deliveries=(WAITING,),
        outages=away(-94),
        now=301,
    ),
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
        "handed over as soon as the SIM was allowed to again",
        "Delivered by SIM gb1 3.0 s after it might be sent; it was asked to wait for 4.0 s.",
        "Delivered 3.0 s after it might be sent; it was asked to wait for 4.0 s.",
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
        "Delivered 2.0 s after the gateway came back; it was offline for 14 s.",
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
        "Not sent in time, until 22:15: no worker took it up; look whether workers and beat run. "
        "The code of the earlier SMS can still be entered.",
        "Not sent in time, until 22:15. The code of the earlier SMS can still be entered.",
        deliveries=(
            SENT,
            replace(RESENT, status=DeliveryStatus.EXPIRED, reason="not sent in time: no worker took it up"),
        ),
        now=350,
    ),
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
        "Canceled by the app shop 3.0 s after the request, after its SMS was handed over. "
        "The SMS went out after all, as its receipt says.",
        "Canceled by the app 3.0 s after the request, after its SMS was handed over. "
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
        "refused by the gateway",
        "Gateway mac1 refuses the number or the message: the gateway refuses this message (not_a_mobile).",
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
        "Not sent in time, until 22:15: the phone of SIM gb1 was offline from 22:08 on.",
        "Not sent in time, until 22:15: the phone that sends it was offline from 22:08 on.",
        verification=over(VerificationStatus.FAILED, 300.4, EXPIRED.reason),
        deliveries=(EXPIRED,),
        outages=away(-94, 900),
        now=4_000,
    ),
    Situation(
        "not sent in time, the month used up",
        "Not sent in time, until 22:15: SIM gb1 has written to its 100 numbers of this month; "
        "it can write to a new one from 1 Jun on.",
        "Not sent in time, until 22:15.",
        verification=over(
            VerificationStatus.FAILED,
            300.4,
            "not sent in time: gb1 has written to its 100 numbers of this month",
        ),
        deliveries=(EXPIRED,),
    ),
    Situation(
        "not sent in time, its worker gone",
        "Not sent in time, until 22:15: the worker that took it up never came back.",
        "Not sent in time, until 22:15.",
        verification=over(VerificationStatus.FAILED, 300.4, "not sent in time: its worker never came back"),
        deliveries=(replace(EXPIRED, reason="not sent in time: its worker never came back"),),
    ),
    Situation(
        "every attempt took its worker down",
        "Given up: each worker that took it up died over it; look at the workers' log.",
        "Not sent: it could not be sent, although it was tried several times.",
        verification=over(VerificationStatus.FAILED, 200, "given up: its attempts never ended"),
        deliveries=(replace(EXPIRED, reason="given up: its attempts never ended"),),
    ),
    Situation(
        "given up, and it may have been sent before",
        "Given up: each worker that took it up died over it; look at the workers' log. "
        "It may have been sent before that; the code can be entered.",
        "Not sent: it could not be sent, although it was tried several times. "
        "It may have been sent before that; the code can be entered.",
        deliveries=(
            replace(EXPIRED, status=DeliveryStatus.FAILED, reason="given up: its attempts never ended"),
        ),
    ),
    Situation(
        "another failure",
        "Not sent: the root secret abc123 is not listed.",
        "Not sent: it could not be sent.",
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
        f"A rehearsal with a test key, no SMS leaves. Waiting: the phone is offline; it is sent when it is "
        f"back, {UNTIL}.",
        "A rehearsal with a test key, no SMS leaves. Waiting: the phone that sends it is offline; it is sent "
        f"when it is back, {UNTIL}.",
        deliveries=(replace(WAITING, route=SANDBOX, reason="rehearsed: no paired phone is online"),),
    ),
    Situation(
        "a rehearsed refusal",
        "A rehearsal with a test key, no SMS leaves. Gateway rehearsal refuses the number or the message: "
        "the gateway refused the number.",
        "A rehearsal with a test key, no SMS leaves. The number or the message is refused.",
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


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_a_situation_has_its_sentence(situation: Situation) -> None:
    assert situation.told.for_operators == situation.operators
    assert situation.told.for_apps == situation.apps


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_an_app_is_told_nothing_of_sims_gateways_budgets_and_workers(situation: Situation) -> None:
    apps = situation.told.for_apps
    theirs = r"\bSIM\b|gb1|de1|mac1|modem|worker|https?:|budget|root secret|\(|\b200\b"
    assert re.search(theirs, apps) is None


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_without_steps_there_is_a_sentence_too(situation: Situation) -> None:
    told = replace(situation, steps=(), outages=(), sims=()).told
    for text in (told.for_operators, told.for_apps):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "None" not in text


@pytest.mark.parametrize("status", list(DeliveryStatus))
@pytest.mark.parametrize("ending", list(VerificationStatus))
def test_no_pair_of_statuses_is_without_a_sentence(
    status: DeliveryStatus, ending: VerificationStatus
) -> None:
    verification = VERIFICATION if ending is VerificationStatus.PENDING else over(ending, 30)
    for reason in (None, "whatever"):
        told = explain(verification, [replace(QUEUED, status=status, reason=reason)], [], [], at(60))
        assert told.for_operators.endswith(".")
        assert "None" not in told.for_operators + told.for_apps


def test_there_are_situations_enough() -> None:
    assert len({situation.name for situation in SITUATIONS}) == len(SITUATIONS) >= 30


def test_instants_are_said_in_the_zone_that_is_asked_for() -> None:
    zone = timezone(timedelta(hours=2))
    told = explain(VERIFICATION, [SENT], [], [], at(60), zone=zone)
    assert told.for_operators.startswith("Handed over by SIM gb1 at 00:10:04; ")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 s"), (-3, "0.0 s"), (1.26, "1.3 s"), (94.2, "94 s"), (600, "10 min"), (10_800, "3 h")],
)
def test_a_duration_has_one_unit(seconds: float, said: str) -> None:
    assert lasting(seconds) == said
