"""What hangs outside does not stop the sweeps: a real worker, with the threads of the Procfile's upkeep."""

import threading
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from redis import Redis

from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.operations.notifier import Notifier
from otp_worker.service.celery_app import (
    CANARY,
    CONFIRM,
    EXPIRE,
    LOOK,
    NOTIFY,
    POLL,
    QUEUE_OF,
    QUEUES,
    RELEASE,
    UPKEEP_QUEUE,
    make_celery,
)
from otp_worker.service.processes.procfile import procfile_commands
from otp_worker.service.tasks import register_tasks
from otp_worker.service.worker_assembly import WorkerParts
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from otp_worker.store.notifications import insert_notices
from tests.contract.service import START

ROOT = Path(__file__).resolve().parents[3]
_UPKEEP = procfile_commands(ROOT / "Procfile")["upkeep"].split()
CONSUMED = _UPKEEP[_UPKEEP.index("--queues") + 1].split(",")
CHANNELS = ("webhook", "email")
_WELL, _FAILING = "ep_well", "ep_failing"


class _Outside:
    """Everything that is not ours: nothing comes back from it until it is let go."""

    def __init__(self) -> None:
        self.back = threading.Event()

    def hang(self, *_: object) -> Any:
        self.back.wait(60)
        return None


class _Sweeps:
    """The sweeps of the database, which note that they ran."""

    def __init__(self) -> None:
        self.ran = threading.Semaphore(0)

    def expire(self, _now: object) -> int:
        self.ran.release()
        return 0

    def enqueue_due(self, _now: object) -> int:
        return self.expire(_now)


@pytest.fixture
def outside() -> Iterator[_Outside]:
    hanging = _Outside()
    yield hanging
    hanging.back.set()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """One alone: Celery starts one worker only in a process."""
    database = Database(f"sqlite:///{tmp_path}/otp.db")
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def upkeep(
    database: Database, outside: _Outside, redis_server: EmbeddedBroker
) -> Iterator[tuple[Celery, _Sweeps]]:
    """An upkeep whose channels, phones and gateways all hang."""
    sweeps = _Sweeps()
    channels: Any = {name: SimpleNamespace(tell=outside.hang) for name in CHANNELS}
    parts = SimpleNamespace(
        clock=lambda: START,
        expirer=sweeps,
        count_steps=lambda _: 0,
        events=SimpleNamespace(is_failing=_FAILING.__eq__, run=outside.hang, publish_due=lambda *_: 0),
        notifier=Notifier(database, channels),
        queue=SimpleNamespace(publish_notice=len, publish_confirmation=len),
        confirmer=SimpleNamespace(confirm=outside.hang, publish_waiting=lambda *_: 0),
        poller=SimpleNamespace(poll=outside.hang),
        phone_monitor=SimpleNamespace(check=outside.hang),
        budget_monitor=SimpleNamespace(check=lambda _: 0),
        canaries=SimpleNamespace(sweep=outside.hang),
    )
    with Redis.from_url(f"{redis_server.url.rpartition('/')[0]}/7") as redis:
        redis.flushdb()
    app = make_celery(f"{redis_server.url.rpartition('/')[0]}/7")
    register_tasks(app, lambda: cast(WorkerParts, parts))
    worker = start_worker(
        app,
        pool="threads",
        concurrency=int(_UPKEEP[_UPKEEP.index("--concurrency") + 1]),
        perform_ping_check=False,
        queues=CONSUMED,
        loglevel="ERROR",
    )
    with worker:
        yield app, sweeps
        outside.back.set()


def test_upkeep_takes_every_queue_that_is_not_the_workers() -> None:
    assert set(CONSUMED) == {UPKEEP_QUEUE, *QUEUE_OF.values()} & set(QUEUES) - {"otp.deliver"}


def test_texts_and_everything_else_that_hangs_leave_the_sweeps_their_threads(
    upkeep: tuple[Celery, _Sweeps], database: Database
) -> None:
    """Also those that a process of the version before still puts on upkeep's own queue."""
    app, sweeps = upkeep
    with database.write() as connection:
        waiting = [insert_notices(connection, CHANNELS, "reply.received", {}, START) for _ in range(60)]
    for notice, queue in product(chain.from_iterable(waiting), (UPKEEP_QUEUE, QUEUE_OF[NOTIFY])):
        app.send_task(NOTIFY, [notice], queue=queue)
    for number, queue in product(range(60), (UPKEEP_QUEUE, QUEUE_OF[CONFIRM])):
        app.send_task(CONFIRM, [f"rep_{number}"], queue=queue)
    for _, endpoint in product(range(60), (_WELL, _FAILING)):
        app.send_task(NOTIFY, [endpoint])
    for sweep in 5 * (LOOK, POLL, CANARY):
        app.send_task(sweep)
    for sweep in (EXPIRE, RELEASE):
        app.send_task(sweep)
        assert sweeps.ran.acquire(timeout=60)
