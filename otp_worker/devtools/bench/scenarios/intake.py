"""Intake a second, with nobody behind the queue: limits on, durable writes, hashed numbers."""

from functools import partial

from otp_worker.devtools.bench.baselines import INTAKE, start_intake
from otp_worker.devtools.bench.bench import CROWDS, Bench
from otp_worker.devtools.bench.cpu import used_seconds
from otp_worker.devtools.bench.figures import Measured, Measurement, Pace, Scenario, paces
from otp_worker.devtools.bench.generator import ask
from otp_worker.devtools.bench.load import Order
from otp_worker.devtools.bench.service import Needs, Service
from otp_worker.devtools.chaos.scenario import DatabaseKind

_NUMBERS = 12_000
_GOALS = {
    DatabaseKind.SQLITE: {8: ">= 0.7", 16: ">= 0.7", 64: ">= 0.9", 256: ">= 0.9"},
    DatabaseKind.POSTGRES: {8: ">= 0.4", 16: ">= 0.4", 64: ">= 0.4", 256: ">= 0.4"},
}


def _measure(bench: Bench, database: DatabaseKind) -> Measured:
    service = bench.services.get(Needs(processes=("web",), database=database))
    seconds = bench.pick(5.0, 0.5)
    port = start_intake(service.stack)
    measurements: list[Measurement] = []
    for connections in CROWDS:
        subject, baseline = bench.alternate(
            partial(_pace, bench, service, "web", service.port, connections, seconds),
            # With as many connections: a baseline that others wait less for is none.
            partial(_pace, bench, service, INTAKE, port, connections, seconds),
        )
        name = f"intake, {database}, {connections} connections"
        goal = _GOALS[database][connections]
        measurements += paces(name, "bare WSGI function with apply_async", goal, subject, baseline)
    limits = "all on, and wide"
    return Measured(measurements, {**service.settings, "round_seconds": seconds, "limits": limits})


def _pace(bench: Bench, service: Service, process: str, port: int, connections: int, seconds: float) -> Pace:
    items = bench.sends(bench.pick(_NUMBERS, 1000))
    group = service.stack.fleet[process].pid
    used = used_seconds(group)
    loaded = ask(Order(port, items, connections, seconds, headers=service.headers))
    return Pace.of(len(loaded.statuses), loaded.ended_at - loaded.began_at, used_seconds(group) - used)


ON_SQLITE = Scenario(
    "intake-sqlite", "codes accepted a second, on SQLite", partial(_measure, database=DatabaseKind.SQLITE)
)
ON_POSTGRES = Scenario(
    "intake-postgres",
    "codes accepted a second, on Postgres",
    partial(_measure, database=DatabaseKind.POSTGRES),
)
