"""Migrations while the service goes on: locks, deadlocks, and indices that keep no writer waiting."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg.errors import DeadlockDetected
from sqlalchemy import event, inspect
from sqlalchemy.exc import OperationalError

from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.store import migrate
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from otp_worker.store.schema_state import newest_version
from tests.contract.store.comparison import differences


def test_a_migration_that_waits_for_a_table_lets_the_service_go_on_and_tries_again(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.create_database("held_table").replace("postgresql://", "postgresql+psycopg://")
    monkeypatch.setattr("otp_worker.store.migrate.LOCK_SECONDS", 0.1)
    with closing(Database(url)) as database, closing(Database(url)) as holding:
        upgrade(database, "0010")
        held = holding.engine.connect()
        held.exec_driver_sql("BEGIN")
        held.exec_driver_sql("LOCK TABLE notices IN ACCESS SHARE MODE")
        tries: list[float] = []

        def pause(seconds: float) -> None:
            tries.append(seconds)
            if len(tries) == 2:
                held.exec_driver_sql("ROLLBACK")

        monkeypatch.setattr("time.sleep", pause)
        assert upgrade(database) == ("0010", newest_version())
        held.close()
    assert len(tries) == 2


def test_no_upgrade_builds_an_index_that_keeps_writers_waiting(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("watched_upgrade").replace("postgresql://", "postgresql+psycopg://")
    with closing(Database(url)) as database:
        upgrade(database, "0010")
        filled = inspect(database.engine).get_table_names()
        said: list[str] = []

        def note(*of: Any) -> None:
            said.append(" ".join(of[2].split()))

        event.listen(database.engine, "before_cursor_execute", note)
        assert upgrade(database) == ("0010", newest_version())
    built = [each for each in said if re.match(r"CREATE (UNIQUE )?INDEX ", each)]
    blocking = [each for each in built if " CONCURRENTLY " not in each]
    assert [each for each in blocking if re.findall(r" ON (\w+)", each)[0] in filled] == []
    assert len(built) > len(blocking)


def test_what_a_migration_locks_is_let_go_before_the_next_one(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("step_by_step").replace("postgresql://", "postgresql+psycopg://")
    with closing(Database(url)) as database:
        upgrade(database, "0010")
        versions: list[str] = []

        def note(*_: Any) -> None:
            with psycopg.connect(url.replace("+psycopg", "")) as other:
                found = other.execute("SELECT version_num FROM schema_version").fetchone()
                assert found is not None
                versions.append(found[0])

        event.listen(database.engine, "commit", note)
        upgrade(database)
    assert len(set(versions)) > 5


def test_an_index_that_was_never_finished_is_built_by_the_next_migrate(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("half_built").replace("postgresql://", "postgresql+psycopg://")
    with closing(Database(url)) as database:
        upgrade(database)
        with database.update() as connection:
            connection.exec_driver_sql("DROP INDEX ix_number_guards_updated_at")
            connection.exec_driver_sql(
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_replies_number_hash'::regclass"
            )
        assert upgrade(database) == (newest_version(), newest_version())
        assert differences(database) == []
        with database.read() as connection:
            invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
            assert connection.exec_driver_sql(invalid).scalar_one() == 0
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "10s"


def test_a_migration_that_waits_for_its_turn_does_not_stop_the_one_that_builds(
    postgres: EmbeddedPostgres,
) -> None:
    """An index waits for every statement that began before it: so must nobody wait in the database."""
    url = postgres.create_database("turns").replace("postgresql://", "postgresql+psycopg://")
    with closing(Database(url)) as database, psycopg.connect(url.replace("+psycopg", "")) as holding:
        upgrade(database)
        holding.execute("SELECT pg_advisory_xact_lock(686579)")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(upgrade, database)
            with database.update() as connection:
                for _ in range(20):
                    connection.exec_driver_sql("DROP INDEX CONCURRENTLY IF EXISTS ix_replies_number_hash")
                    connection.exec_driver_sql(
                        "CREATE INDEX CONCURRENTLY ix_replies_number_hash ON replies (number_hash)"
                    )
            assert not waiting.done()
            holding.rollback()
            assert waiting.result(60) == (newest_version(), newest_version())


def test_a_migration_that_met_a_deadlock_tries_again_and_ends_nobody_elses_transaction(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(postgres.url) as connection:
        told = connection.execute("SELECT setting::int FROM pg_settings WHERE name = 'deadlock_timeout'")
        assert told.fetchone() == (1000,)
    assert migrate.LOCK_SECONDS < 1
    url = postgres.create_database("deadlocked").replace("postgresql://", "postgresql+psycopg://")
    meetings, actual = iter([DeadlockDetected()]), migrate._upgrade

    def meet(db: Database, version: str) -> str:
        for met in meetings:
            raise OperationalError("", {}, met)
        return actual(db, version)

    monkeypatch.setattr(migrate, "_upgrade", meet)
    with closing(Database(url)) as database:
        assert upgrade(database) == (None, newest_version())
