"""Whether the steps feel a million rows: each step on such a database, and on one with a thousand."""

import statistics
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario
from otp_worker.devtools.bench.fill import fill_ended
from otp_worker.devtools.bench.service import QUICK_HASHES
from otp_worker.devtools.bench.stepper import Stepper, stepping
from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.stack import GATEWAY_KEY, SECRET_KEY, WIDE_LIMITS
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade

_STEPS = ("intake", "deliver", "check", "sweep")
_FEW = 1000


def _measure(bench: Bench) -> Measured:
    many, times = bench.pick(1_000_000, 5000), bench.pick(100, 5)
    bench.services.stop()
    with TemporaryDirectory(prefix="otp-bench-rows-") as name, ExitStack() as parts:
        folder = Path(name)
        fleet = parts.enter_context(Fleet(folder, cwd=folder, env=child_environment({})))
        broker = EmbeddedBroker(fleet, folder / "broker")
        broker.start()
        steppers = []
        for number, count in enumerate((_FEW, many)):
            url = _filled(bench, count)
            settings = _settings(url, broker.url.replace("/0", f"/{number}"), bench.sink.url)
            steppers.append(parts.enter_context(stepping(settings, folder / f"steps-{number}.log")))
        measurements = _alternate(bench, steppers[0], steppers[1], many, times)
    version = bench.services.note_version(url)
    return Measured(
        measurements,
        {"database": version, **QUICK_HASHES.settings, "rows": many, "steps_a_round": times},
        ["each step is timed in its own process, without web and queue around it"],
    )


def _alternate(bench: Bench, few: Stepper, many: Stepper, rows: int, times: int) -> list[Measurement]:
    measurements = []
    rounds = {step: _Rounds() for step in _STEPS}
    for number in range(bench.warm_ups + bench.rounds):
        for step, kept in rounds.items():
            for stepper, medians in ((few, kept.few), (many, kept.many)):
                medians.append(statistics.median(stepper.time(step, times)) * 1000)
                if number < bench.warm_ups:
                    medians.clear()
    for step, kept in rounds.items():
        name, baseline = f"{step}, {rows:,} rows", f"{_FEW:,} rows"
        measurements.append(Measurement(name, "ms", baseline, "<= 1.2", kept.many, kept.few))
    return measurements


class _Rounds:
    def __init__(self) -> None:
        self.few: list[float] = []
        self.many: list[float] = []


def _filled(bench: Bench, count: int) -> str:
    url = bench.services.new_database()
    # Migrating takes two connections of Postgres.
    db = Database(url, 2)
    try:
        upgrade(db)
        fill_ended(db, count)
    finally:
        db.close()
    return url


def _settings(database_url: str, broker_url: str, gateway_url: str) -> dict[str, str]:
    return {
        "OTP_DATABASE_URL": database_url,
        "OTP_BROKER_URL": broker_url,
        "OTP_SECRET_KEY": SECRET_KEY,
        "OTP_COUNTRIES": "GB",
        "OTP_PUBLIC_URL": "",
        "OTP_GATEWAY_URL": gateway_url,
        "OTP_GATEWAY_KEY": GATEWAY_KEY,
        "OTP_GUARD": "off",
        **QUICK_HASHES.settings,
        **WIDE_LIMITS,
    }


SCENARIO = Scenario("million-rows", "the steps on a database with a million codes", _measure)
