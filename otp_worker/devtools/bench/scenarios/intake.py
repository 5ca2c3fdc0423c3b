"""Intake a second, with nobody behind the queue: limits on, durable writes, hashed numbers."""

from functools import partial

from otp_worker.devtools.bench.baselines import start_intake
from otp_worker.devtools.bench.bench import CONNECTIONS, Bench
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario
from otp_worker.devtools.bench.generator import ask
from otp_worker.devtools.bench.load import Order
from otp_worker.devtools.bench.service import Needs
from otp_worker.devtools.chaos.scenario import DatabaseKind

_NUMBERS = 20_000


def _measure(bench: Bench, database: DatabaseKind) -> Measured:
    service = bench.services.get(Needs(processes=("web",), database=database))
    seconds = bench.pick(5.0, 0.5)

    def accepted_per_s(port: int) -> float:
        items = bench.sends(bench.pick(_NUMBERS, 1000))
        return ask(Order(port, items, CONNECTIONS, seconds, headers=service.headers)).per_s

    subject, baseline = bench.alternate(
        partial(accepted_per_s, service.port), partial(accepted_per_s, start_intake(service.stack))
    )
    measurement = Measurement(
        f"intake, {database}", "1/s", "bare WSGI function with apply_async", ">= 1.0", subject, baseline
    )
    limits = "all on, and wide"
    return Measured(
        [measurement],
        {**service.settings, "connections": CONNECTIONS, "round_seconds": seconds, "limits": limits},
    )


ON_SQLITE = Scenario(
    "intake-sqlite", "codes accepted a second, on SQLite", partial(_measure, database=DatabaseKind.SQLITE)
)
ON_POSTGRES = Scenario(
    "intake-postgres",
    "codes accepted a second, on Postgres",
    partial(_measure, database=DatabaseKind.POSTGRES),
)
