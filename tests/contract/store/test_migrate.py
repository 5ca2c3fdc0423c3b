"""The schema's versions, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.domain.app_settings import AppSettings
from otp_worker.domain.errors import DatabaseUnavailableError, SchemaNotCurrentError
from otp_worker.store import migrate, notifications, schema_state
from otp_worker.store.api_keys import list_keys
from otp_worker.store.apps import list_apps
from otp_worker.store.database import Database
from otp_worker.store.engine import POSTGRES_SETTINGS
from otp_worker.store.migrate import SERVES_SINCE, upgrade
from otp_worker.store.schema import metadata
from otp_worker.store.schema_state import (
    START_SECONDS,
    await_current,
    check_current,
    current_version,
    newest_version,
)
from tests.contract.store.comparison import differences


def test_the_migrations_make_the_schema_that_the_statements_expect(db: Database) -> None:
    assert differences(db) == []


def test_a_current_schema_is_left_alone(db: Database) -> None:
    assert upgrade(db) == (newest_version(), newest_version())
    check_current(db)


def test_an_empty_database_is_not_current_and_the_command_is_named(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(SchemaNotCurrentError, match="otp-worker migrate"):
        check_current(database)
    database.close()


def test_a_schema_of_another_version_is_not_current(db: Database) -> None:
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'future'")
    with pytest.raises(SchemaNotCurrentError, match="future"):
        check_current(db)


def test_a_key_that_was_made_under_the_first_schema_has_the_operators_limits(db: Database) -> None:
    with db.write() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        columns = "id, name, test, hash, hint, scopes, created_at"
        values = "'key_1', 'shop', false, 'h', 'otp_live', 'send', '2026-01-01 12:00:00'"
        connection.exec_driver_sql(f"INSERT INTO api_keys ({columns}) VALUES ({values})")
    assert upgrade(db) == ("0001", newest_version())
    (key,) = list_keys(db)
    assert (key.name, key.limit, key.checks_limit) == ("shop", None, None)


def test_migrations_at_once_take_turns(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("migrated_at_once").replace("postgresql://", "postgresql+psycopg://")
    databases = [Database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, databases))
    assert current_version(databases[0]) == newest_version()
    for database in databases:
        database.close()


def test_a_start_waits_for_a_database_that_is_restarted(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []

    def current(_: Database) -> str:
        if len(paused) < 2:
            raise DatabaseUnavailableError("away")
        return newest_version()

    monkeypatch.setattr(schema_state, "current_version", current)
    monkeypatch.setattr("time.sleep", paused.append)
    await_current(db)
    assert len(paused) == 2


def test_a_start_does_not_wait_for_ever(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    passed = [0.0]

    def away(_: Database) -> str:
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr(schema_state, "current_version", away)
    monkeypatch.setattr("time.monotonic", lambda: passed[0])
    monkeypatch.setattr("time.sleep", lambda seconds: passed.__setitem__(0, passed[0] + seconds))
    with pytest.raises(DatabaseUnavailableError):
        await_current(db)
    assert passed == [START_SECONDS]


def test_a_reply_that_was_to_be_passed_on_still_is_after_the_upgrade(
    tmp_path: Path, postgres: EmbeddedPostgres
) -> None:
    url = postgres.create_database("upgraded").replace("postgresql://", "postgresql+psycopg://")
    for database in (Database(f"sqlite:///{tmp_path}/upgraded.db"), Database(url)):
        upgrade(database, "0001")
        with database.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO replies (id, dedupe_key, gateway, number_masked, text, received_at, created_at, "
                "forward_due_at, forward_attempts) VALUES ('rep_1', 'key', 'sim', '+44*56', 'not me', "
                "'2026-03-01 12:00:00', '2026-03-01 12:00:00', '2026-03-01 12:00:05', 1)"
            )
        upgrade(database)
        noon = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
        assert notifications.due_notices(database, noon, 10) == ["rep_1"]
        notice = notifications.claim_notice(database, "rep_1", noon, noon)
        assert notice is not None
        assert (notice.channel, notice.type, notice.reply_id) == ("webhook", "reply.received", "rep_1")
        database.close()


def test_a_migration_may_take_longer_than_any_statement_of_the_service(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(POSTGRES_SETTINGS, "statement_timeout", "100ms")
    url = postgres.create_database("slowly_migrated").replace("postgresql://", "postgresql+psycopg://")
    actual = command.upgrade

    def slow(config: Config, version: str) -> None:
        config.attributes["connection"].exec_driver_sql("SELECT pg_sleep(0.3)")
        actual(config, version)

    monkeypatch.setattr("otp_worker.store.migrate.command.upgrade", slow)
    with closing(Database(url)) as database:
        assert upgrade(database) == (None, newest_version())


def test_the_version_before_stays_ready_after_a_migration_that_only_adds(db: Database) -> None:
    """It knows one table of versions alone, and wants its own to stand there."""
    with db.read() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    assert found == SERVES_SINCE == "0010"


def test_a_schema_that_the_version_before_made_is_carried_over(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/before.db")) as database:
        upgrade(database, "0010")
        with database.write() as connection:
            connection.exec_driver_sql("DROP TABLE schema_version")
        with pytest.raises(SchemaNotCurrentError, match="is 0010, not"):
            check_current(database)
        assert upgrade(database) == ("0010", newest_version())
        check_current(database)


def test_a_newer_schema_that_serves_this_version_is_current_and_left_alone(db: Database) -> None:
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '9999'")
    check_current(db)
    assert upgrade(db) == ("9999", "9999")
    assert current_version(db) == "9999"


def test_a_newer_schema_that_does_not_serve_this_version_is_refused_in_one_sentence(db: Database) -> None:
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '9999'")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9998'")
    for refused in (check_current, upgrade):
        with pytest.raises(SchemaNotCurrentError, match="from schema 9998 on, and this one is older"):
            refused(db)


def test_an_older_version_of_the_schema_serves_itself_alone(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/older.db")) as database:
        upgrade(database, "0004")
        with database.read() as connection:
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        assert found == "0004"


def test_each_name_that_keys_have_becomes_an_app_with_nothing_set(db: Database) -> None:
    with db.write() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0023")
        columns = "id, name, test, hash, hint, scopes, created_at"
        for number, name in enumerate(("shop", "bank", "shop")):
            made_at = f"2026-01-0{number + 1} 12:00:00"
            values = f"'key_{number}', '{name}', false, 'h{number}', 'otp_', 'send', '{made_at}'"
            connection.exec_driver_sql(f"INSERT INTO api_keys ({columns}) VALUES ({values})")
    assert upgrade(db) == ("0023", newest_version())
    now = datetime(2026, 2, 1, tzinfo=UTC)
    bank, shop = list_apps(db, now)
    assert (bank.name, bank.keys, shop.name, shop.keys) == ("bank", 1, "shop", 2)
    assert shop.settings == AppSettings()
    assert shop.created_at == datetime(2026, 1, 1, 12, tzinfo=UTC)
