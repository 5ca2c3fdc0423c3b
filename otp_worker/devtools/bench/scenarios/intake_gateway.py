"""Whether intake feels a slow gateway: its p99 at a steady pace, the gateway at 200 ms and at 0 ms."""

from otp_worker.devtools.bench.bench import CONNECTIONS, SENDS, Bench
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario, percentile
from otp_worker.devtools.bench.generator import ask
from otp_worker.devtools.bench.load import Order
from otp_worker.devtools.bench.service import QUICK_HASHES

_SLOW_SECONDS = 0.2
_RATE_PER_S = 60.0
"""Well under what one worker delivers at 200 ms with its 32 threads (160 a second)."""


def _measure(bench: Bench) -> Measured:
    service = bench.services.get(QUICK_HASHES)
    seconds = bench.pick(10.0, 0.5)
    count = int(seconds * _RATE_PER_S)

    def p99_ms(delay_seconds: float) -> float:
        bench.sink.begin(delay_seconds)
        order = Order(
            service.port,
            bench.sends(count),
            CONNECTIONS,
            seconds,
            most=count,
            rate_per_s=_RATE_PER_S,
            headers=service.headers,
        )
        loaded = ask(order)
        bench.sink.await_messages(len(loaded.statuses), 60)
        return percentile(loaded.latencies, 99) * 1000

    subject, baseline = bench.alternate(lambda: p99_ms(_SLOW_SECONDS), lambda: p99_ms(0.0))
    measurement = Measurement("intake p99, gateway 200 ms", "ms", "gateway 0 ms", "<= 1.2", subject, baseline)
    return Measured(
        [measurement],
        {**service.settings, "path": SENDS, "rate_per_s": _RATE_PER_S, "requests_a_round": count},
    )


SCENARIO = Scenario("intake-gateway", "intake's p99 with a slow gateway", _measure)
