"""Broker, database and disk say no although they run, and nothing of it stays when it is healed."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis

from otp_worker.devtools.chaos.disk import disks_can_be_mounted, small_disk
from otp_worker.devtools.chaos.injectors import DiskInjector
from otp_worker.devtools.chaos.plan import BROKER, DATABASE, Kind
from otp_worker.devtools.chaos.server_faults import DefaultInjector, OrderInjector
from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from tests.devtools.chaos.faults import fault


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with Fleet(tmp_path, cwd=tmp_path, env=child_environment({})) as fleet:
        server = EmbeddedBroker(fleet, tmp_path / "broker")
        server.start()
        yield server


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (Kind.REPLICA, "read only replica"),
        (Kind.OUT_OF_MEMORY, "maxmemory"),
        (Kind.NO_REPLICAS, "NOREPLICAS|Not enough good replicas"),
    ],
)
def test_redis_answers_with_errors_and_then_no_more(kind: Kind, word: str, broker: EmbeddedBroker) -> None:
    injector = OrderInjector(broker)
    with closing(redis.Redis.from_url(broker.url)) as client:
        client.set("before", "1")
        assert injector.inject(fault(kind, BROKER))
        with pytest.raises(redis.ResponseError, match=word):
            client.set("during", "1")
        assert injector.heal(fault(kind, BROKER))
        client.set("after", "1")
        assert client.get("before") == b"1"


def test_what_cannot_be_told_to_a_broker_that_is_away_is_told_later(broker: EmbeddedBroker) -> None:
    injector = OrderInjector(broker)
    broker.kill()
    assert not injector.inject(fault(Kind.REPLICA, BROKER))
    broker.restart()
    assert injector.inject(fault(Kind.REPLICA, BROKER))


def shows(connection: psycopg.Connection, name: str) -> str:
    return str(connection.execute(f"SHOW {name}").fetchall()[0][0])


def test_isolation_is_another_for_every_session_until_it_is_healed(postgres: EmbeddedPostgres) -> None:
    url, name = postgres.create_database("isolation"), "default_transaction_isolation"
    injector = DefaultInjector(postgres, "isolation", name, "repeatable read")
    strict = fault(Kind.REPEATABLE_READ, DATABASE)
    with psycopg.connect(url, autocommit=True) as before:
        assert shows(before, name) == "read committed"
        assert injector.inject(strict)
        with pytest.raises(psycopg.OperationalError):
            shows(before, name)
    with psycopg.connect(url, autocommit=True) as during:
        assert shows(during, name) == "repeatable read"
        assert injector.heal(strict)
        with pytest.raises(psycopg.OperationalError):
            shows(during, name)
    with psycopg.connect(url, autocommit=True) as after:
        assert shows(after, name) == "read committed"


def test_a_session_that_began_read_only_stays_so_after_it_is_healed(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("readonly")
    injector = DefaultInjector(postgres, "readonly", "default_transaction_read_only", "on", lingering=True)
    read_only = fault(Kind.READ_ONLY, DATABASE)
    assert injector.inject(read_only)
    with psycopg.connect(url, autocommit=True) as during:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            during.execute("CREATE TABLE t (x int)")
        assert injector.heal(read_only)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            during.execute("CREATE TABLE t (x int)")
    with psycopg.connect(url, autocommit=True) as after:
        after.execute("CREATE TABLE t (x int)")


@pytest.mark.skipif(not disks_can_be_mounted(), reason="only root may mount a small disk")
def test_a_disk_is_full_until_it_is_healed(tmp_path: Path) -> None:
    full = fault(Kind.FULL_DISK, DATABASE)
    with small_disk(tmp_path, "4m"), closing(sqlite3.connect(tmp_path / "otp.db")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (x)")
        database.commit()
        injector = DiskInjector(tmp_path)
        assert injector.inject(full)
        with pytest.raises(sqlite3.OperationalError, match=r"full|I/O"):
            database.execute("INSERT INTO t VALUES (randomblob(1000000))").connection.commit()
        database.rollback()
        assert injector.heal(full)
        database.execute("INSERT INTO t VALUES (randomblob(1000000))").connection.commit()
    assert not os.path.ismount(tmp_path)
