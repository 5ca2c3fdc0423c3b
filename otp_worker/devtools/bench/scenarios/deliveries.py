"""Deliveries a second at a gateway that answers at once and at one that takes 200 ms, with a cheap hash."""

from functools import partial

from otp_worker.devtools.bench.baselines import start_poster
from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.drain import accepted_pace, posted_pace
from otp_worker.devtools.bench.figures import Measured, Scenario, paces
from otp_worker.devtools.bench.service import QUICK_HASHES


def _measure(bench: Bench, delay_seconds: float, full: int, goal: str) -> Measured:
    service = bench.services.get(QUICK_HASHES)
    app = start_poster(service.stack)
    count = bench.pick(full, 64)
    subject, baseline = bench.alternate(
        lambda: accepted_pace(bench, service, count, delay_seconds),
        lambda: posted_pace(bench, service, app, count, delay_seconds),
    )
    name = f"deliveries, gateway {delay_seconds * 1000:.0f} ms"
    return Measured(
        paces(name, "bare Celery task with session.post", goal, subject, baseline),
        {**service.settings, "deliveries_a_round": count, "baseline": "late ack, prefetch 1, no task events"},
    )


AT_0_MS = Scenario(
    "deliveries-0ms",
    "codes delivered a second, gateway at 0 ms",
    partial(_measure, delay_seconds=0.0, full=1500, goal=">= 0.95"),
)
AT_200_MS = Scenario(
    "deliveries-200ms",
    "codes delivered a second, gateway at 200 ms",
    partial(_measure, delay_seconds=0.2, full=960, goal=">= 0.9"),
)
