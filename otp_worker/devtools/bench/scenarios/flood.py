"""Whether honest checks feel a flood of checks from one address that its limit refuses."""

import statistics
from contextlib import nullcontext

from otp_worker.devtools.bench.bench import SENDS, Bench
from otp_worker.devtools.bench.codes import right_checks
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario, percentile
from otp_worker.devtools.bench.generator import Generator, ask, generating, must_be
from otp_worker.devtools.bench.load import Order
from otp_worker.devtools.bench.service import DEFAULT_HASHES, Service

_HONEST_CONNECTIONS = 2
_FLOOD_CONNECTIONS = 8
_SECONDS = 120.0
_NOBODY = f"{SENDS}/ver_{'0' * 26}/check"


def _measure(bench: Bench) -> Measured:
    service = bench.services.get(DEFAULT_HASHES)
    count = bench.pick(100, 8)
    refused: list[float] = []

    def p99_ms(flooded: bool) -> float:
        checks = right_checks(bench, service, count)
        honest = Order(
            service.port, checks, _HONEST_CONNECTIONS, _SECONDS, most=count, headers=service.headers
        )
        with generating(_flood(service, bench.pick(40.0, 2.0))) if flooded else nullcontext() as flood:
            loaded = ask(honest, expected=[200])
            if isinstance(flood, Generator):
                refused.append(_refused_per_s(flood))
        return percentile(loaded.latencies, 99) * 1000

    subject, baseline = bench.alternate(lambda: p99_ms(True), lambda: p99_ms(False))
    measurement = Measurement(
        "honest checks' p99, flooded", "ms", "without the flood", "<= 2", subject, baseline
    )
    return Measured(
        [measurement],
        {
            **service.settings,
            "honest_checks_a_round": count,
            "honest_connections": _HONEST_CONNECTIONS,
            "flood_connections": _FLOOD_CONNECTIONS,
        },
        [f"the flood: {statistics.median(refused):.0f} refused checks a second"],
    )


def _flood(service: Service, seconds: float) -> Order:
    check: dict[str, object] = {"code": "000000", "ip": "203.0.113.9"}
    return Order(service.port, [(_NOBODY, check)], _FLOOD_CONNECTIONS, seconds, headers=service.headers)


def _refused_per_s(flood: Generator) -> float:
    loaded = flood.result()
    # The first ones, which the limit allows, ask for a verification that nobody has.
    must_be(loaded, [404, 429])
    return loaded.statuses.count(429) / (loaded.ended_at - loaded.began_at)


SCENARIO = Scenario("flood", "honest checks beside a flood of refused ones", _measure)
