"""How fast a worker empties its queue: it is filled while the worker is frozen, and then that is let go."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery

from otp_worker.devtools.bench.baselines import POSTER, publish_posts
from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.cpu import used_seconds
from otp_worker.devtools.bench.figures import Pace
from otp_worker.devtools.bench.gateway import Taken
from otp_worker.devtools.bench.service import Service
from otp_worker.domain import request_deadline
from otp_worker.service.processes.process import POLL_SECONDS
from otp_worker.store.database import DATABASE_ERRORS, Database

WORKER = "worker"
_WAIT_SECONDS = 300
_LOCK_SECONDS = 0.5


def accepted_pace(bench: Bench, service: Service, count: int, delay_seconds: float) -> Pace:
    """How many accepted codes a second the service's worker delivers."""
    bench.sink.begin(delay_seconds)
    with _frozen(service, WORKER):
        bench.accept(service, bench.sends(count))
        used = used_seconds(service.stack.fleet[WORKER].pid)
    return _pace(bench.sink.await_messages(count, _WAIT_SECONDS), service, WORKER, used)


def posted_pace(bench: Bench, service: Service, app: Celery, count: int, delay_seconds: float) -> Pace:
    """How many messages a second the bare worker posts."""
    bench.sink.begin(delay_seconds)
    with _frozen(service, POSTER):
        publish_posts(app, bench.sink.url, count)
        used = used_seconds(service.stack.fleet[POSTER].pid)
    return _pace(bench.sink.await_messages(count, _WAIT_SECONDS), service, POSTER, used)


@contextmanager
def _frozen(service: Service, name: str) -> Iterator[None]:
    """Let it do nothing meanwhile, and hold no lock: frozen in a transaction, it would stop the others."""
    process = service.stack.fleet[name]
    db = Database(service.database_url, 1)
    try:
        process.pause()
        while not _can_be_written(db):
            process.resume()
            time.sleep(POLL_SECONDS)
            process.pause()
        yield
    finally:
        process.resume()
        db.close()


def _can_be_written(db: Database) -> bool:
    """Whether nobody holds SQLite's one lock. On Postgres a worker's locks are on rows of its own."""
    if not db.is_sqlite:
        return True
    try:
        with request_deadline.until(time.monotonic() + _LOCK_SECONDS), db.write():
            return True
    except DATABASE_ERRORS:
        return False


def _pace(taken: list[Taken], service: Service, process: str, used: float) -> Pace:
    """From the first arrival to the last answer, so that whole waves of a slow gateway are counted."""
    began = min(message.arrived_at for message in taken)
    took = max(message.answered_at for message in taken) - began
    return Pace.of(len(taken), took, used_seconds(service.stack.fleet[process].pid) - used)
