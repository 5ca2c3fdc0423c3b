"""How long requests took: stored beside them, and once a second."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import event

from otp_worker.domain.tally import Counted
from otp_worker.operations.request_times import STORE_SECONDS, RequestTimes
from otp_worker.store import tallies
from otp_worker.store.database import Database

PARALLEL = 100


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that have passed, which only the test moves."""
    seconds = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    return seconds


def stored(db: Database) -> int:
    return sum(total.count for total in tallies.ever(db, [Counted.HTTP_REQUEST]).values())


def test_requests_are_stored_beside_them_and_once_a_second(db: Database, passed: list[float]) -> None:
    times, done = RequestTimes(db), Event()
    event.listen(db.engine, "commit", lambda _: done.set())
    event.listen(db.engine, "rollback", lambda _: done.set())
    for _ in range(PARALLEL):
        times.count("GET", "/healthz", 200, 0.001)
    assert stored(db) == 0
    passed[0] += STORE_SECONDS
    times.count("GET", "/healthz", 200, 0.001)
    assert done.wait(30)
    times.store()
    assert stored(db) == PARALLEL + 1


def test_all_processes_count_together(db: Database) -> None:
    web = [RequestTimes(db, 0.0), RequestTimes(db, 0.0)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: web[n % 2].count("GET", f"/{n % 3}", 200, 0.3), range(PARALLEL)))
    for times in web:
        times.store()
    assert stored(db) == PARALLEL


def test_what_cannot_be_stored_is_stored_later(db: Database) -> None:
    times = RequestTimes(db)
    with db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE tallies RENAME TO hidden")
    times.count("GET", "/healthz", 200, 0.001)
    times.store()
    with db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO tallies")
    times.count("GET", "/healthz", 200, 0.001)
    times.store()
    assert stored(db) == 2


def test_no_thread_to_be_had_is_no_error(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    times = RequestTimes(db, 0.0)
    with monkeypatch.context() as patched:
        patched.setattr("threading.Thread.start", refuse)
        for _ in range(3):
            times.count("GET", "/healthz", 200, 0.001)
    times.store()
    assert stored(db) == 3
