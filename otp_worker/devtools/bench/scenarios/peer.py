"""Sends a second beside another server's, at the same numbers of connections."""

from functools import partial
from urllib.parse import urlsplit

from otp_worker.devtools.bench.bench import CROWDS, SENDS, Bench
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario
from otp_worker.devtools.bench.generator import ask
from otp_worker.devtools.bench.load import Order
from otp_worker.devtools.bench.service import QUICK_HASHES
from otp_worker.domain.errors import ConfigurationError

_NUMBERS = 12_000
_TAKEN = (200, 201, 202)


def _measure(bench: Bench) -> Measured:
    host, port, path = place_of(bench.peer)
    service = bench.services.get(QUICK_HASHES)
    seconds = bench.pick(5.0, 0.5)

    def per_s(host: str, port: int, path: str, headers: dict[str, str], connections: int) -> float:
        bench.sink.begin()
        items = [(path, body) for _, body in bench.sends(bench.pick(_NUMBERS, 1000))]
        return ask(Order(port, items, connections, seconds, headers=headers, host=host), _TAKEN).per_s

    measurements = []
    for connections in CROWDS:
        subject, baseline = bench.alternate(
            partial(per_s, "127.0.0.1", service.port, SENDS, service.headers, connections),
            partial(per_s, host, port, path, {}, connections),
        )
        name = f"sends beside the peer, {connections} connections"
        measurements.append(Measurement(name, "1/s", "the peer", "told", subject, baseline))
    settings = {**service.settings, "peer": f"{host}:{port}{path}", "round_seconds": seconds}
    return Measured(measurements, settings, ["ours are accepted for sure; what a peer promises is its own"])


def place_of(url: str | None) -> tuple[str, int, str]:
    """The host, port and path of a URL. Raises ConfigurationError where there is none."""
    place = urlsplit(url or "")
    if place.scheme != "http" or not place.hostname:
        raise ConfigurationError("give --peer the URL, http://HOST:PORT/PATH, that takes sends")
    path = place.path or "/"
    return place.hostname, place.port or 80, f"{path}?{place.query}" if place.query else path


SCENARIO = Scenario("peer", "sends a second beside another server's", _measure, by_name=True)
