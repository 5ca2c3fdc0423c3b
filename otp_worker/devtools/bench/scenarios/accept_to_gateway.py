"""How long it takes from the request to the gateway at light load, over what one direct POST takes."""

from collections.abc import Sequence

from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.figures import Compare, Measured, Measurement, Scenario, percentile
from otp_worker.devtools.bench.generator import ask
from otp_worker.devtools.bench.load import Order
from otp_worker.devtools.bench.service import QUICK_HASHES

_CONNECTIONS = 4
_GOALS = {50: "<= 20 ms over it", 99: "<= 100 ms over it"}


def _measure(bench: Bench) -> Measured:
    service = bench.services.get(QUICK_HASHES)
    rate_per_s, count = bench.pick(10.0, 20.0), bench.pick(150, 10)

    def latencies_ms(port: int) -> list[float]:
        bench.sink.begin()
        sends = bench.sends(count)
        order = Order(
            port,
            sends,
            _CONNECTIONS,
            count / rate_per_s + 1,
            most=count,
            rate_per_s=rate_per_s,
            headers=service.headers,
        )
        loaded = ask(order)
        arrived = {each.to: each.arrived_at for each in bench.sink.await_messages(count, 60)}
        pairs = zip(loaded.positions, loaded.asked_at, strict=True)
        return [(arrived[str(sends[position][1]["to"])] - asked_at) * 1000 for position, asked_at in pairs]

    rounds: list[tuple[Sequence[float], Sequence[float]]] = []
    for _ in range(bench.warm_ups + bench.rounds):
        direct = latencies_ms(bench.sink.port)
        rounds.append((latencies_ms(service.port), direct))
    measurements = [_compared(rounds[bench.warm_ups :], percent) for percent in _GOALS]
    settings = {**service.settings, "rate_per_s": rate_per_s, "codes_a_round": count}
    return Measured(
        measurements, settings, ["counted from the request's first byte, so with intake's own time"]
    )


def _compared(rounds: Sequence[tuple[Sequence[float], Sequence[float]]], percent: int) -> Measurement:
    return Measurement(
        f"request to gateway, p{percent}",
        "ms",
        "one direct POST",
        _GOALS[percent],
        [percentile(through, percent) for through, _ in rounds],
        [percentile(direct, percent) for _, direct in rounds],
        Compare.DIFFERENCE,
    )


SCENARIO = Scenario("accept-to-gateway", "from the request to the gateway at light load", _measure)
