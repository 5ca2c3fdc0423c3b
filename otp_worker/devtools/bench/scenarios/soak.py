"""Whether half an hour of steady work leaves its marks: p99 and memory at the end and at the beginning."""

from collections.abc import Sequence
from itertools import pairwise

import psutil

from otp_worker.devtools.bench.bench import CONNECTIONS, Bench
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario, percentile
from otp_worker.devtools.bench.generator import ask
from otp_worker.devtools.bench.load import Loaded, Order
from otp_worker.devtools.bench.service import QUICK_HASHES, Service

_MINUTES = 30
_RATE_PER_S = 30.0
_PARTS = 6
"""The first part warms up, the second is the beginning, the last the end."""
_PROCESSES = ("web", "worker", "upkeep", "beat")
_WAIT_SECONDS = 300


def _measure(bench: Bench) -> Measured:
    service = bench.services.get(QUICK_HASHES)
    seconds = bench.pick(_MINUTES * 60.0, 6.0) / _PARTS
    latencies, memory = [], []
    for _ in range(_PARTS):
        bench.sink.begin()
        loaded = _load(bench, service, seconds)
        bench.sink.await_messages(len(loaded.statuses), _WAIT_SECONDS)
        latencies.append(percentile(loaded.latencies, 99) * 1000)
        memory.append({name: _group_mb(service, name) for name in _PROCESSES})
    measurements = [_compared("p99 of intake", "ms", "<= 1.2", latencies)]
    measurements += [
        _compared(f"{name}'s memory", "MB", "<= 1.1", [each[name] for each in memory]) for name in _PROCESSES
    ]
    settings = {**service.settings, "minutes": seconds * _PARTS / 60, "rate_per_s": _RATE_PER_S}
    return Measured(measurements, settings, [_growth(name, memory) for name in _PROCESSES])


def _load(bench: Bench, service: Service, seconds: float) -> Loaded:
    count = int(seconds * _RATE_PER_S)
    return ask(
        Order(
            service.port,
            bench.sends(count),
            CONNECTIONS,
            # What is late is asked all the same.
            seconds * 2,
            most=count,
            rate_per_s=_RATE_PER_S,
            headers=service.headers,
        )
    )


def _compared(name: str, unit: str, goal: str, parts: Sequence[float]) -> Measurement:
    """The last part over the second."""
    return Measurement(f"soak: {name}, at the end", unit, "at the beginning", goal, parts[-1:], parts[1:2])


def _growth(name: str, memory: Sequence[dict[str, float]]) -> str:
    """What each part added to a process's memory."""
    added = ", ".join(f"{after[name] - before[name]:+.1f}" for before, after in pairwise(memory))
    return f"{name}: {added} MB from part to part"


def _group_mb(service: Service, name: str) -> float:
    """The resident memory of a process and of those that it started."""
    leader = psutil.Process(service.stack.fleet[name].pid)
    resident: int = sum(each.memory_info().rss for each in (leader, *leader.children(recursive=True)))
    return resident / 2**20


SCENARIO = Scenario("soak", "half an hour of steady work", _measure, by_name=True)
