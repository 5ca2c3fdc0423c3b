"""The ceilings of what measures: of the load generator and of both gateways, lest one be the bottleneck."""

from collections.abc import Mapping

from otp_worker.devtools.bench.bench import CONNECTIONS, Bench
from otp_worker.devtools.bench.generator import ask
from otp_worker.devtools.bench.load import Item, Order
from otp_worker.devtools.processes.stack import GATEWAY_KEY
from otp_worker.devtools.simulator import Simulator

_MESSAGES: list[Item] = [
    ("/v1/messages", {"to": f"+447400{number:06d}", "text": "Your code is 123456.", "ref": f"ref-{number}"})
    for number in range(1000)
]


def ceilings(bench: Bench) -> Mapping[str, float]:
    """Requests a second: of the generator at the raw sink, a trivial server, and at the simulated phone."""
    bench.sink.begin()
    return {
        "load generator, at the raw sink": _per_s(bench, bench.sink.port),
        "simulated phone": _phone_per_s(bench),
    }


def _phone_per_s(bench: Bench) -> float:
    with Simulator(key=GATEWAY_KEY) as phone:
        return _per_s(bench, phone.port)


def _per_s(bench: Bench, port: int) -> float:
    headers = {"Authorization": f"Bearer {GATEWAY_KEY}"}
    return ask(Order(port, _MESSAGES, CONNECTIONS, bench.pick(3.0, 0.3), headers=headers)).per_s
