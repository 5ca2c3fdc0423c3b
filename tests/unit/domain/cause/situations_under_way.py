"""Codes that were not handed over yet, and what is said of each."""

from dataclasses import replace
from datetime import timedelta, timezone

from otp_worker.domain.sim import Sim
from otp_worker.domain.step import StepKind
from tests.unit.domain.cause.situation import (
    OFFLINE,
    QUEUED,
    SENDING,
    UNTIL,
    VIA,
    WAITING,
    Situation,
    at,
    away,
    step,
)

UNDER_WAY = [
    Situation(
        "accepted just now",
        "Accepted 0.4 s ago: a worker takes it up next.",
        "Accepted 0.4 s ago: it is sent next.",
        now=0.4,
    ),
    Situation(
        "no worker takes it up",
        "No worker has taken it up for 40 s: look whether workers and beat run; otherwise it fails at 22:15.",
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
        "It may have been sent; it is tried again.",
        deliveries=(SENDING,),
        steps=[step(StepKind.CLAIMED, 1, detail="worker-1@a")],
    ),
    Situation(
        "its worker died and another one claimed it",
        "Worker worker-1@a took it up at 22:10:01 and never came back, so it may have been sent; "
        "worker worker-2@a has it since 22:10:32.",
        "It may have been sent; it has been tried again since 22:10:32.",
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
        "Waiting: gateway mac1 has been away since 22:09: it cannot be reached (ConnectTimeout); "
        f"it is sent when it is back, {UNTIL}.",
        "Waiting: the phone that sends it has been offline since 22:09; it is sent when it is back, "
        f"{UNTIL}.",
        deliveries=(replace(WAITING, reason="the gateway cannot be reached (ConnectTimeout)"),),
        outages=away(-60, detail="the gateway cannot be reached (ConnectTimeout)"),
    ),
    Situation(
        "the gateway refuses the account",
        "Waiting: gateway mac1 refuses our account, until you mend that: it refuses our key (401); "
        f"it is sent as soon as a SIM can send it, {UNTIL}.",
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
        "Waiting: gateway mac1 has asked SIM gb1 to wait since 22:10 (too many messages (429)); "
        f"it is sent as soon as a SIM can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="too many messages (429)", **VIA),),
        steps=[step(StepKind.ATTEMPT, 1, outcome="throttled", detail="too many messages (429)", **VIA)],
        outages=away(1, sim="gb1", detail="too many messages (429)"),
    ),
    Situation(
        "the day's budget is used up",
        "Waiting: SIM gb1 has used its 200 SMS of today; the next can go at 00:00; "
        f"it is sent as soon as a SIM can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="gb1 has sent its 200 of today"),),
    ),
    Situation(
        "the day's budget is used up, in the SIM's own zone",
        "Waiting: SIM gb1 has used its 200 SMS of today; the next can go at 22:12; "
        f"it is sent as soon as a SIM can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="gb1 has sent its 200 of today"),),
        sims=[Sim("gb1", "mac1", zone=timezone(timedelta(hours=1, minutes=48)))],
    ),
    Situation(
        "the month's budget is used up",
        "Waiting: SIM gb1 has written to its 100 numbers of this month; it can write to a new one from "
        f"1 Jun on; it is sent as soon as a SIM can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="gb1 has written to its 100 numbers of this month"),),
    ),
    Situation(
        "outside the SIM's hours, and its turn of another SIM",
        "Waiting: SIM gb1 works from 08:00 to 20:00 only; the SMS waits for its turn, as the SIM sends "
        f"30 a minute; it is sent as soon as a SIM can send it, {UNTIL}.",
        f"Waiting for a phone that can send it, {UNTIL}.",
        deliveries=(replace(WAITING, reason="gb1 works 08:00-20:00; waits for its turn: 30 a minute"),),
    ),
    Situation(
        "no SIM for the country",
        f"Waiting: no SIM may send to FR; it is sent as soon as a SIM can send it, {UNTIL}.",
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
                QUEUED, attempts=1, due_at=at(20), reason="the gateway gave no answer (ReadTimeout)", **VIA
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
                QUEUED, attempts=2, due_at=at(20), reason="the gateway cannot be reached (SSLError)", **VIA
            ),
        ),
        now=10,
    ),
    Situation(
        "its deadline is over and no sweep has said so",
        "Not sent by 22:15, when its time was over: the phone of SIM gb1 has been offline since 22:08.",
        "Not sent by 22:15, when its time was over: the phone that sends it has been offline since 22:08.",
        deliveries=(WAITING,),
        outages=away(-94),
        now=301,
    ),
]
