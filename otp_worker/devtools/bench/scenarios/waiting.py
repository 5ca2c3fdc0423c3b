"""Thousands wait for the phone, and it comes back: when the first leaves, and whether the rest keep pace."""

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.figures import Compare, Measured, Measurement, Scenario
from otp_worker.devtools.bench.gateway import NotDeliveredError
from otp_worker.devtools.bench.service import Needs, Service
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.service.processes.process import POLL_SECONDS
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries

PACE_PER_MINUTE = 6000
NEEDS = Needs(
    {
        "OTP_BCRYPT_ROUNDS": "4",
        "OTP_GATEWAY_PACE_PER_MINUTE": str(PACE_PER_MINUTE),
        "OTP_SEND_DEADLINE_SECONDS": "540",
    },
    phone=True,
)
_SETTLING = timedelta(seconds=2)
"""A SIM's pace lets a second's turns go ahead; the rate is counted once they are used up."""
_PROBES = 5
_WAIT_SECONDS = 60


def _measure(bench: Bench) -> Measured:
    service = bench.services.get(NEEDS)
    count, seconds = bench.pick(10_000, 300), bench.pick(20.0, 0.5)
    db = Database(service.database_url, 1)
    try:
        rounds = [_round(bench, service, db, count, seconds) for _ in range(bench.rounds)]
    finally:
        db.close()
    pace_per_s = PACE_PER_MINUTE / 60
    beat, pace = [1 / pace_per_s] * len(rounds), [pace_per_s] * len(rounds)
    first = Measurement(
        f"first of {count} waiting",
        "s",
        "one turn at the SIM's pace",
        "<= 2 s",
        [each[0] for each in rounds],
        beat,
        Compare.DIFFERENCE,
    )
    rates = [each[1] for each in rounds]
    drained = Measurement("drain rate", "1/s", "the SIM's configured pace", ">= 0.95", rates, pace)
    return Measured([first, drained], {**service.settings, "waiting": count, "counted_seconds": seconds})


def _round(bench: Bench, service: Service, db: Database, count: int, seconds: float) -> tuple[float, float]:
    phone = service.stack.phone
    phone.knobs.set(offline=True)
    bench.accept(service, bench.sends(max(count - _open(db), 1)))
    _await_waiting(db, count)
    phone.messages.clear()
    back_at = datetime.now(UTC)
    phone.knobs.set(offline=False)
    first = phone.messages.wait_for(lambda _: True, _WAIT_SECONDS).taken_at
    begins, ends = first + _SETTLING, first + _SETTLING + timedelta(seconds=seconds)
    time.sleep((ends - datetime.now(UTC)).total_seconds())
    taken = sum(begins <= message.taken_at < ends for message in phone.messages)
    return (first - back_at).total_seconds(), taken / seconds


def _await_waiting(db: Database, count: int) -> None:
    """Until all but what may be on its way as a probe wait in the database. Raises NotDeliveredError."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while (waiting := _open(db, DeliveryStatus.WAITING)) < count - _PROBES:
        if time.monotonic() > deadline:
            raise NotDeliveredError(f"only {waiting} of {count} deliveries wait for the phone")
        time.sleep(POLL_SECONDS)


def _open(db: Database, *statuses: DeliveryStatus) -> int:
    wanted = statuses or (DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.WAITING)
    counted = select(func.count()).select_from(deliveries).where(deliveries.c.status.in_(wanted))
    with db.read() as connection:
        return int(connection.execute(counted).scalar_one())


SCENARIO = Scenario("phone-back", "the phone comes back while thousands wait", _measure)
