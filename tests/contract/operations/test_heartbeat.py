"""A worker that lives says so, whatever becomes of the database meanwhile."""

import pytest
from sqlalchemy.exc import OperationalError

from otp_worker.operations.heartbeat import WORKER, Heartbeat
from otp_worker.store import seal_keys, sweeps
from otp_worker.store.database import Database
from tests.waiting import awaited


def test_a_worker_writes_down_that_it_lives_until_it_is_stopped(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otp_worker.operations.heartbeat.EVERY_SECONDS", 0.01)
    heartbeat = Heartbeat(db)
    heartbeat.start()
    assert awaited(lambda: sweeps.last_sweep(db, WORKER) is not None)
    first = sweeps.last_sweep(db, WORKER)
    assert awaited(lambda: sweeps.last_sweep(db, WORKER) != first)
    heartbeat.stop()
    heartbeat._thread.join()


def test_a_worker_says_which_keys_it_opens_what_is_sealed_with(db: Database) -> None:
    heartbeat = Heartbeat(db, ["0badcafe", "00c0ffee"])
    heartbeat.start()
    assert awaited(lambda: seal_keys.known(db) == {"0badcafe", "00c0ffee"})
    heartbeat.stop()
    heartbeat._thread.join(10)


def test_a_heartbeat_that_cannot_be_written_is_followed_by_the_next_one(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    written = sweeps.record_sweep

    def record(*arguments: object) -> None:
        tried.append("")
        if len(tried) < 3:
            raise OperationalError("", {}, Exception("away"))
        written(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("otp_worker.operations.heartbeat.EVERY_SECONDS", 0.01)
    monkeypatch.setattr("otp_worker.store.sweeps.record_sweep", record)
    heartbeat = Heartbeat(db)
    heartbeat.start()
    assert awaited(lambda: sweeps.last_sweep(db, WORKER) is not None)
    heartbeat.stop()
    heartbeat._thread.join()
