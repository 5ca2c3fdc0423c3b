"""A database that is locked or frozen holds nobody longer than a request may wait; nothing is half done."""

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import Connection, exc, func, select

from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.domain import request_deadline
from otp_worker.store import issue
from otp_worker.store.database import Database, is_away
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.store.schema import verifications
from tests.contract.issue.test_accepted_together import NUMBERS, sends
from tests.contract.service import Service

CROWD = 16
PATIENCE_SECONDS = 0.3
SECONDS = 60
"""Less than each of a crowd would take by itself, one after another; more than all need together."""


@contextmanager
def locked(db: Database) -> Iterator[None]:
    """Another process writes, and does not end."""
    if db.is_sqlite:
        with closing(sqlite3.connect(str(db.engine.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE verifications, deliveries IN EXCLUSIVE MODE")
        yield
        other.rollback()


def in_time(act: Callable[..., object], *arguments: object) -> str:
    """What a request is told that has a little time."""
    with request_deadline.until(time.monotonic() + PATIENCE_SECONDS):
        try:
            act(*arguments)
        except Exception as error:
            return "away" if is_away(error) else repr(error)
    return "done"


def rows(db: Database) -> int:
    with db.read() as connection:
        return connection.execute(select(func.count()).select_from(verifications)).scalar_one()


def test_a_crowd_before_a_locked_database_is_answered_together_and_nothing_is_written(db: Database) -> None:
    service = Service(db)
    with ThreadPoolExecutor(CROWD) as threads, locked(db):
        asked = [threads.submit(in_time, service.issue, f"+44740000{n:04}") for n in range(CROWD)]
        assert {each.result(SECONDS) for each in asked} == {"away"}
        assert rows(db) == 0
    assert service.issue().id
    assert rows(db) == 1


def test_writers_that_take_turns_wait_no_longer_than_their_requests_may(db: Database) -> None:
    service = Service(db)
    verification, code = service.sent()
    with ThreadPoolExecutor(CROWD) as threads, locked(db):
        asked = [threads.submit(in_time, service.check, verification, code) for _ in range(CROWD)]
        assert {each.result(SECONDS) for each in asked} == {"away"}
    assert service.check(verification, code).valid


def test_after_one_that_the_database_did_not_answer_the_next_are_not_tried(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those with an Idempotency-Key are written one after another."""
    service = Service(db)
    group = sends(service, NUMBERS[:4])
    for n, send in enumerate(group):
        once = IdempotencyKey("shop", [bytes([n]) * 32], [b"r" * 32])
        group[n] = replace(send, guard=replace(send.guard, once=once))
    tried: list[str] = []
    insert_alone = issue._insert_alone

    def locked_from_the_second(db: Database, send: issue.NewSend) -> issue.Answer:
        tried.append(send.new.id)
        if len(tried) == 1:
            return insert_alone(db, send)
        with locked(db), request_deadline.until(time.monotonic() + PATIENCE_SECONDS):
            return insert_alone(db, send)

    monkeypatch.setattr(issue, "_insert_alone", locked_from_the_second)
    answers = issue.insert_verifications(db, group)
    assert answers[0] == []
    assert all(isinstance(answer, Exception) and is_away(answer) for answer in answers[1:])
    assert tried == [send.new.id for send in group[:2]]
    assert rows(db) == 1


def test_a_free_connection_is_waited_for_as_long_as_the_request_may(database_url: str) -> None:
    with closing(Database(database_url, pool_size=1)) as db, ThreadPoolExecutor(1) as threads:
        may_end, is_in = threading.Event(), threading.Event()

        def hold() -> None:
            with db.read():
                is_in.set()
                assert may_end.wait(SECONDS)

        held = threads.submit(hold)
        assert is_in.wait(SECONDS)
        assert in_time(rows, db) == "away"
        may_end.set()
        held.result(SECONDS)
        assert in_time(rows, db) == "done"


@pytest.fixture
def postgres_db(postgres: EmbeddedPostgres) -> Iterator[Database]:
    """A server whose one connection is used again and again."""
    url = postgres.url_of("migrated").replace("postgresql://", "postgresql+psycopg://")
    with closing(Database(url, pool_size=1)) as db:
        yield db


def test_a_frozen_postgres_is_not_waited_for_and_its_late_answer_is_nobodys(postgres_db: Database) -> None:
    frozen: list[int] = []

    def freeze_and_ask() -> None:
        with postgres_db.read() as connection:
            frozen.append(_backend(connection))
            os.kill(frozen[0], signal.SIGSTOP)
            connection.exec_driver_sql("SELECT 'late'")

    try:
        assert in_time(freeze_and_ask) == "away"
    finally:
        os.kill(frozen[0], signal.SIGCONT)
    with postgres_db.read() as connection:
        assert _backend(connection) != frozen[0]


def _backend(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def test_what_postgres_ended_for_another_transaction_is_no_sign_that_it_is_away(
    postgres_db: Database,
) -> None:
    raised = "DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$"
    with postgres_db.read() as connection, pytest.raises(exc.OperationalError) as deadlock:
        connection.exec_driver_sql(raised)
    assert not is_away(deadlock.value)


def test_a_request_whose_time_is_over_asks_the_database_nothing(db: Database) -> None:
    with request_deadline.until(time.monotonic()):
        for ask in (db.read, db.update, db.write):
            with pytest.raises(exc.TimeoutError), ask():
                pytest.fail("it asks")
