"""Whether the database can be written, on databases that cannot."""

import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from otp_worker.domain.errors import SchemaNotCurrentError
from otp_worker.operations.write_probe import DOUBTED_EVERY_SECONDS, TRY_EVERY_SECONDS, WROTE, WriteProbe
from otp_worker.store import sweeps
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from tests.contract.service import START


class _Ticks:
    """A monotonic clock that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@contextmanager
def read_only(db: Database) -> Iterator[None]:
    """New connections can only read, as while a Postgres is switched over or a disk is remounted."""
    if db.is_sqlite:
        event.listen(db.engine, "connect", _query_only)
        yield
        event.remove(db.engine, "connect", _query_only)
        return
    name = db.engine.url.database
    with db.engine.connect() as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    db.engine.dispose()
    yield
    with closing(Database(db.url)) as other, other.engine.connect() as connection:
        connection.exec_driver_sql("SET default_transaction_read_only = off")
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')


def _query_only(connection: Any, _: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def test_a_database_that_takes_rows_is_well_and_written_seldom(db: Database) -> None:
    ticks = _Ticks()
    probe = WriteProbe(db, ticks)
    for _ in range(100):
        assert probe.failure() is None
    first = sweeps.last_sweep(db, WROTE)
    assert first is not None
    ticks.seconds += TRY_EVERY_SECONDS - 0.1
    probe.failure()
    assert sweeps.last_sweep(db, WROTE) == first
    ticks.seconds += 0.1
    probe.failure()
    assert sweeps.last_sweep(db, WROTE) != first


def test_a_request_that_failed_makes_what_was_found_doubtful_for_a_try_a_second(
    db: Database,
) -> None:
    ticks = _Ticks()
    probe = WriteProbe(db, ticks)
    assert probe.failure() is None
    db.engine.dispose()
    with read_only(db):
        ticks.seconds += DOUBTED_EVERY_SECONDS
        assert probe.failure() is None, "nobody has failed yet"
        probe.doubt()
        assert probe.failure() == "cannot be written: it is read-only"
        probe.doubt()
    # Asked at once again it says what it found: a flood of failures makes no flood of tries.
    assert probe.failure() == "cannot be written: it is read-only"
    ticks.seconds += DOUBTED_EVERY_SECONDS
    probe.failure()
    ticks.seconds += TRY_EVERY_SECONDS
    assert probe.failure() is None


def test_a_database_that_can_only_be_read_is_named_so_and_well_again_afterwards(db: Database) -> None:
    ticks = _Ticks()
    probe = WriteProbe(db, ticks)
    db.engine.dispose()
    with read_only(db):
        assert probe.failure() == "cannot be written: it is read-only"
    # What was connected meanwhile would stay read-only for ever.
    ticks.seconds += TRY_EVERY_SECONDS
    probe.failure()
    ticks.seconds += TRY_EVERY_SECONDS
    assert probe.failure() is None


def test_a_disk_that_takes_nothing_more_is_named_and_well_again_when_there_is_room(tmp_path: Path) -> None:
    ticks = _Ticks()
    with closing(Database(f"sqlite:///{tmp_path}/otp.db")) as db:
        upgrade(db)
        probe = WriteProbe(db, ticks)
        assert probe.failure() is None
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        # No file of this process may grow: the kernel refuses what SQLite would append.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        ticks.seconds += TRY_EVERY_SECONDS
        try:
            failure = probe.failure()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert failure == "cannot be written: its disk takes nothing"
        ticks.seconds += TRY_EVERY_SECONDS
        assert probe.failure() is None


def test_connections_that_were_made_while_it_was_read_only_fail_once_and_are_replaced(db: Database) -> None:
    db.engine.dispose()
    with read_only(db), ExitStack() as held:
        for _ in range(5):
            held.enter_context(db.engine.connect())
    failures = 0
    for _ in range(20):
        try:
            sweeps.record_sweep(db, "test", START)
        except DBAPIError:
            failures += 1
    assert failures == 1


def test_a_database_that_hangs_is_waited_for_two_seconds_by_one_who_asks_and_by_none_after(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    began: list[None] = []

    def hang(*_: object) -> None:
        began.append(None)
        released.wait(60)
        raise SchemaNotCurrentError("the test is over")

    monkeypatch.setattr("otp_worker.operations.write_probe.check_current", hang)
    monkeypatch.setattr("otp_worker.operations.write_probe.WAIT_SECONDS", 0.05)
    ticks = _Ticks()
    probe = WriteProbe(db, ticks)
    assert probe.failure() == "does not take a row within 0.05 s"
    ticks.seconds += 60
    for _ in range(20):
        assert probe.failure() == "does not take a row within 0.05 s"
    assert len(began) == 1
    released.set()


@pytest.mark.parametrize(
    ("raised", "named"),
    [
        (sqlite3.OperationalError("database or disk is full"), "its disk is full"),
        (sqlite3.OperationalError("disk I/O error"), "its disk takes nothing"),
        (sqlite3.OperationalError("database is locked"), "another process has locked it"),
        (sqlite3.OperationalError("a text with +447400123456 in it"), "OperationalError"),
    ],
)
def test_why_it_cannot_be_written_is_said_in_words_of_ours(
    db: Database, monkeypatch: pytest.MonkeyPatch, raised: Exception, named: str
) -> None:
    def fail(*_: object) -> None:
        with db.write() as connection:
            event.listen(connection, "before_cursor_execute", _raise(raised))
            connection.exec_driver_sql("SELECT 1")

    monkeypatch.setattr("otp_worker.store.sweeps.record_sweep", fail)
    if db.is_sqlite:
        assert WriteProbe(db).failure() == f"cannot be written: {named}"


def _raise(error: Exception) -> Callable[..., None]:
    def execute(*_: object) -> None:
        raise DBAPIError.instance("", {}, error, sqlite3.Error)

    return execute
