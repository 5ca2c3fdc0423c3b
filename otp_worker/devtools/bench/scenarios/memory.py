"""What worker and upkeep hold in memory while a hundred thousand codes wait, over what they hold idle."""

import time
from datetime import datetime

import psutil

from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario
from otp_worker.devtools.bench.fill import empty, fill_waiting
from otp_worker.devtools.bench.scenarios.waiting import NEEDS
from otp_worker.devtools.bench.service import Service
from otp_worker.domain.ports import utc_now
from otp_worker.store.database import Database
from otp_worker.store.sweeps import SWEEP, last_sweep

_PROCESSES = ("worker", "upkeep")
_SAMPLE_SECONDS = 0.2
_WARM_SECONDS = 60


def _measure(bench: Bench) -> Measured:
    service = bench.services.get(NEEDS)
    count = bench.pick(100_000, 2000)
    db = Database(service.database_url, 1)
    try:
        rounds = [_round(bench, service, db, count) for _ in range(bench.rounds)]
    finally:
        service.stack.phone.knobs.set(offline=False)
        empty(db)
        db.close()
    measurements = [
        Measurement(
            f"{name}'s memory, {count} waiting",
            "MB",
            "idle, after its first codes",
            "<= 1.3",
            [waiting[name] for _, waiting in rounds],
            [idle[name] for idle, _ in rounds],
        )
        for name in _PROCESSES
    ]
    return Measured(
        measurements,
        {**service.settings, "waiting": count, "measured": "VmRSS; the peak, with the phone away and back"},
    )


def _round(
    bench: Bench, service: Service, db: Database, count: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Idle and peak megabytes of fresh processes: what they once got they do not give back."""
    stack = service.stack
    stack.phone.messages.clear()
    stack.phone.knobs.set(offline=False)
    _warm(bench, service, db)
    idle = _peak_mb(service, bench.pick(5.0, 0.4))
    stack.phone.knobs.set(offline=True)
    fill_waiting(db, count)
    away = _peak_mb(service, bench.pick(15.0, 1.0))
    stack.phone.knobs.set(offline=False)
    back = _peak_mb(service, bench.pick(10.0, 1.0))
    stack.phone.knobs.set(offline=True)
    empty(db)
    return idle, {name: max(away[name], back[name]) for name in _PROCESSES}


def _warm(bench: Bench, service: Service, db: Database) -> None:
    """Restart the processes, and wait until they have sent their first codes and swept."""
    for name in _PROCESSES:
        service.stack.fleet.restart(name)
    restarted_at = utc_now()
    sent, phone = bench.pick(50, 10), service.stack.phone
    bench.accept(service, bench.sends(sent))
    phone.messages.wait_for(lambda _: len(phone.messages) >= sent, _WARM_SECONDS)
    service.stack.fleet.await_ready("upkeep", lambda: _swept_since(db, restarted_at), _WARM_SECONDS)


def _swept_since(db: Database, at: datetime) -> bool:
    swept_at = last_sweep(db, SWEEP)
    return swept_at is not None and swept_at > at


def _peak_mb(service: Service, seconds: float) -> dict[str, float]:
    peak = dict.fromkeys(_PROCESSES, 0.0)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        service.stack.fleet.check()
        for name in _PROCESSES:
            peak[name] = max(peak[name], _resident_mb(service.stack.fleet[name].pid))
        time.sleep(_SAMPLE_SECONDS)
    return peak


def _resident_mb(pid: int) -> float:
    resident: int = psutil.Process(pid).memory_info().rss
    return resident / 2**20


SCENARIO = Scenario("memory", "memory with many waiting", _measure)
