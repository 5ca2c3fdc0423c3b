"""Moving everything from SQLite to Postgres."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, text, update

from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.domain.errors import SchemaNotCurrentError
from otp_worker.domain.ports import utc_now
from otp_worker.store import counters, move
from otp_worker.store.backup_error import BackupError
from otp_worker.store.database import Database
from otp_worker.store.move import move as move_rows
from otp_worker.store.older_versions import COUNTER
from otp_worker.store.schema import deliveries, schema_version, steps
from otp_worker.store.schema_state import newest_version
from tests.contract.service import START
from tests.contract.store.every_table import ROWS, TABLES, contents, fill
from tests.contract.store.holder import holding
from tests.contract.store.unused import unused_database


@pytest.fixture
def file(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """An SQLite database with rows in every table."""
    made = Path(shutil.copy(migrated_sqlite, tmp_path / "otp ü.db"))
    with closing(Database(f"sqlite:///{made}")) as db:
        fill(db)
    return made


@pytest.fixture
def url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A Postgres database with the schema and nothing in it, which nobody else has open."""
    with unused_database(postgres) as given:
        yield given


def rows_in(url: str) -> int:
    """How many rows a Postgres database holds in all, beyond what a migration writes."""
    with closing(Database(url)) as db:
        return sum(len(rows) for name, rows in contents(db).items() if name != "counters")


def test_every_row_of_every_table_is_there_afterwards(file: Path, url: str) -> None:
    with closing(Database(f"sqlite:///{file}")) as source:
        before = contents(source)
    moved = move_rows(file, url)
    with closing(Database(url)) as target:
        assert contents(target) == before
    assert {name: moved.rows[name] for name in before} == {name: len(rows) for name, rows in before.items()}
    assert min(moved.rows[table.name] for table in TABLES) >= ROWS
    assert (file.exists(), moved.kept.exists()) == (False, True)


def test_what_the_source_knows_of_older_versions_is_kept(file: Path, url: str) -> None:
    with closing(Database(f"sqlite:///{file}")) as source, source.write() as connection:
        connection.execute(text("UPDATE counters SET value = 0 WHERE name = :name"), {"name": COUNTER})
    move_rows(file, url)
    with closing(Database(url)) as target:
        assert counters.read(target, [COUNTER]) == {COUNTER: 0}


def test_no_step_gets_the_number_of_one_that_was_erased(file: Path, url: str) -> None:
    with closing(Database(f"sqlite:///{file}")) as source, source.write() as connection:
        connection.execute(insert(steps).values(id=700, at=START, kind="taken"))
        connection.execute(delete(steps).where(steps.c.id == 700))
    move_rows(file, url)
    with closing(Database(url)) as target, target.write() as connection:
        new = insert(steps).values(at=START, kind="taken").returning(steps.c.id)
        assert connection.execute(new).scalar_one() > 700


def test_a_database_that_a_process_has_open_is_not_moved(file: Path, url: str) -> None:
    with holding(file), pytest.raises(BackupError, match="stop the service first"):
        move_rows(file, url)
    assert (file.exists(), rows_in(url)) == (True, 0)
    assert move_rows(file, url).kept.exists()


def test_a_target_that_somebody_has_open_takes_nothing(file: Path, url: str) -> None:
    with closing(Database(url)) as other:
        with other.read() as connection:
            connection.execute(text("SET application_name = 'web'"))
        with pytest.raises(BackupError, match="1 other sessions, such as web"):
            move_rows(file, url)
    assert (file.exists(), rows_in(url)) == (True, 0)


@pytest.mark.parametrize("table", ["apps", "sweeps", "tallies"])
def test_a_target_that_is_not_empty_takes_nothing(file: Path, url: str, table: str) -> None:
    with closing(Database(url)) as target, target.write() as connection:
        rows = {
            "apps": "INSERT INTO apps (name, settings, created_at, updated_at) "
            "VALUES ('a', '', now(), now())",
            "sweeps": "INSERT INTO sweeps VALUES ('expire', now())",
            "tallies": "INSERT INTO tallies VALUES (0, now(), 'a', '', -1, 1, 1)",
        }
        connection.execute(text(rows[table]))
    with pytest.raises(BackupError, match=f"not empty: {table} has rows"):
        move_rows(file, url)
    assert (file.exists(), rows_in(url)) == (True, 1)


@pytest.mark.parametrize("version", ["0033", "9999"])
def test_both_must_be_at_this_versions_schema(file: Path, url: str, version: str) -> None:
    with closing(Database(f"sqlite:///{file}")) as source, source.write() as connection:
        connection.execute(update(schema_version).values(version_num=version))
    with pytest.raises(BackupError, match=f"SQLite database's schema is {version}"):
        move_rows(file, url)
    with closing(Database(f"sqlite:///{file}")) as source, source.write() as connection:
        connection.execute(update(schema_version).values(version_num=newest_version()))
    with closing(Database(url)) as target, target.write() as connection:
        connection.execute(update(schema_version).values(version_num=version))
    with pytest.raises((BackupError, SchemaNotCurrentError), match=version):
        move_rows(file, url)
    assert file.exists()


def test_what_postgres_does_not_take_moves_nothing_and_its_value_is_not_told(file: Path, url: str) -> None:
    with closing(Database(f"sqlite:///{file}")) as source, source.write() as connection:
        connection.execute(update(deliveries).values(reason="+447400123456\0"))
    with pytest.raises(BackupError, match="nothing was moved") as refused:
        move_rows(file, url)
    with closing(Database(f"sqlite:///{file}")) as source, source.write() as connection:
        connection.execute(update(deliveries).values(reason="", priority="+447400123456"))
    with pytest.raises(BackupError, match="nothing was moved: value too long") as too_long:
        move_rows(file, url)
    assert "+447400123456" not in f"{refused.value}{too_long.value}"
    assert (file.exists(), rows_in(url)) == (True, 0)


def test_clocks_that_differ_move_nothing(file: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = utc_now() + timedelta(minutes=10)
    monkeypatch.setattr(move, "utc_now", lambda: ahead)
    with pytest.raises(BackupError, match="the clock of Postgres is -"):
        move_rows(file, url)
    assert (file.exists(), rows_in(url)) == (True, 0)


def test_a_row_that_does_not_come_is_noticed(file: Path, url: str) -> None:
    """A trigger that swallows a row stands for whatever may lose one."""
    with closing(Database(url)) as target, target.write() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN CASE WHEN NEW.kind = 'kind1' THEN NULL ELSE NEW END; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER swallow BEFORE INSERT ON steps FOR EACH ROW EXECUTE FUNCTION swallow()"
        )
    with pytest.raises(BackupError, match="nothing was moved: steps has 3 rows, 2 came"):
        move_rows(file, url)
    assert (file.exists(), rows_in(url)) == (True, 0)


def test_a_commit_whose_answer_is_lost_leaves_no_database_that_could_send_twice(file: Path, url: str) -> None:
    with closing(Database(url)) as target, target.write() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'lost'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON steps DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    with pytest.raises(BackupError, match=r"is not known .* rename .*\.moved back"):
        move_rows(file, url)
    assert (file.exists(), rows_in(url)) == (False, 0)
