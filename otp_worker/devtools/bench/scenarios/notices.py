"""How long a code takes to the gateway while a hundred thousand notices are queued, over none."""

import time
from collections.abc import Collection

from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario, percentile
from otp_worker.devtools.bench.fill import empty
from otp_worker.devtools.bench.gateway import NotDeliveredError
from otp_worker.devtools.bench.generator import ask
from otp_worker.devtools.bench.load import Item, Order
from otp_worker.devtools.bench.service import QUICK_HASHES, Service
from otp_worker.service.processes.process import POLL_SECONDS
from otp_worker.store.database import Database

BATCH = 1000
_BATCHES = "/v1/messages/batch"
_CONNECTIONS = 4
_WAIT_SECONDS = 60
_LIFE_SECONDS = 86_400
_GOALS = {50: "<= 1.1", 99: "told"}


def _measure(bench: Bench) -> Measured:
    service = bench.services.get(QUICK_HASHES)
    notices = bench.pick(100_000, 200)
    rate_per_s, codes = bench.pick(10.0, 20.0), bench.pick(150, 10)
    db = Database(service.database_url, 1)

    def rounds() -> list[list[float]]:
        number = bench.warm_ups + bench.rounds
        return [_to_gateway_ms(bench, service, codes, rate_per_s) for _ in range(number)][bench.warm_ups :]

    try:
        empty(db)
        without = rounds()
        bench.accept(service, _batches(bench, notices))
        beside = rounds()
    finally:
        empty(db)
        db.close()
    measurements = [
        Measurement(
            f"code to gateway, {notices} notices queued, p{percent}",
            "ms",
            "none queued",
            goal,
            [percentile(each, percent) for each in beside],
            [percentile(each, percent) for each in without],
        )
        for percent, goal in _GOALS.items()
    ]
    settings = {**service.settings, "notices": notices, "rate_per_s": rate_per_s, "codes_a_round": codes}
    return Measured(
        measurements,
        settings,
        ["one after the other and not in alternation: the notices are queued once"],
    )


def _batches(bench: Bench, count: int) -> list[Item]:
    """Requests for so many notices, as many in each as it may have."""
    numbers = [body["to"] for _, body in bench.sends(count)]
    texts: list[dict[str, object]] = [
        {
            "to": number,
            "text": "Your parcel comes today between 14:00 and 15:00.",
            "priority": "notice",
            "expires_in_seconds": _LIFE_SECONDS,
        }
        for number in numbers
    ]
    return [(_BATCHES, {"messages": texts[start : start + BATCH]}) for start in range(0, len(texts), BATCH)]


def _to_gateway_ms(bench: Bench, service: Service, count: int, rate_per_s: float) -> list[float]:
    """From each request's first byte to the gateway, at light load."""
    bench.sink.begin()
    sends = bench.sends(count)
    order = Order(
        service.port,
        sends,
        _CONNECTIONS,
        count / rate_per_s + 1,
        most=count,
        rate_per_s=rate_per_s,
        headers=service.headers,
    )
    loaded = ask(order)
    asked = {
        str(sends[position][1]["to"]): at
        for position, at in zip(loaded.positions, loaded.asked_at, strict=True)
    }
    arrived = _await(bench, asked.keys())
    return [(arrived[number] - at) * 1000 for number, at in asked.items()]


def _await(bench: Bench, numbers: Collection[str]) -> dict[str, float]:
    """When the SMS to each of these numbers came to the gateway, notices between them or not.

    Raises NotDeliveredError.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        arrived = {each.to: each.arrived_at for each in bench.sink.taken()}
        if missing := [number for number in numbers if number not in arrived]:
            if time.monotonic() > deadline:
                raise NotDeliveredError(f"{len(missing)} of {len(numbers)} codes did not come")
            time.sleep(POLL_SECONDS)
        else:
            return arrived


SCENARIO = Scenario("notices", "a code's way to the gateway while 100,000 notices are queued", _measure)
