"""How fast a worker empties its queue: it is filled while the worker is frozen, and then that is let go."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery

from otp_worker.devtools.bench.baselines import POSTER, publish_posts
from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.gateway import Taken
from otp_worker.devtools.bench.service import Service

WORKER = "worker"
_WAIT_SECONDS = 300


def accepted_per_s(bench: Bench, service: Service, count: int, delay_seconds: float) -> float:
    """How many accepted codes a second the service's worker delivers."""
    bench.sink.begin(delay_seconds)
    with _frozen(service, WORKER):
        bench.accept(service, bench.sends(count))
    return _per_s(bench.sink.await_messages(count, _WAIT_SECONDS))


def posted_per_s(bench: Bench, service: Service, app: Celery, count: int, delay_seconds: float) -> float:
    """How many messages a second the bare worker posts."""
    bench.sink.begin(delay_seconds)
    with _frozen(service, POSTER):
        publish_posts(app, bench.sink.url, count)
    return _per_s(bench.sink.await_messages(count, _WAIT_SECONDS))


@contextmanager
def _frozen(service: Service, name: str) -> Iterator[None]:
    process = service.stack.fleet[name]
    process.pause()
    try:
        yield
    finally:
        process.resume()


def _per_s(taken: list[Taken]) -> float:
    """From the first arrival to the last answer, so that whole waves of a slow gateway are counted."""
    began = min(message.arrived_at for message in taken)
    return len(taken) / (max(message.answered_at for message in taken) - began)
