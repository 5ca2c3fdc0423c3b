"""A restored database: what was there is kept, and what was pending is not sent and not entered any more."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.domain.errors import SchemaNotCurrentError, VerificationEndedError
from otp_worker.domain.step import StepKind
from otp_worker.store.backup_error import BackupError
from otp_worker.store.backups import Ended, back_up, finish_restore, restore
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from otp_worker.store.schema import confirmations, schema_version, verifications
from otp_worker.store.schema_state import newest_version
from otp_worker.store.steps import of_verifications
from tests.contract.service import ACCEPTED, OFFLINE, START, Service
from tests.contract.store.holder import holding
from tests.contract.store.unused import unused_database

LATER = START + timedelta(seconds=20)


@pytest.fixture
def file(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """The database of a service."""
    return Path(shutil.copy(migrated_sqlite, tmp_path / "otp.db"))


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Where a backup goes."""
    return tmp_path / "backup.db"


@pytest.fixture
def db(file: Path) -> Iterator[Database]:
    """The database in use."""
    with closing(Database(f"sqlite:///{file}")) as opened:
        yield opened


def opened(file: Path) -> closing[Database]:
    """A database that is closed at the end of a block."""
    return closing(Database(f"sqlite:///{file}"))


def test_a_restored_code_is_neither_sent_nor_entered(db: Database, file: Path, backup: Path) -> None:
    service = Service(db)
    entered, code = service.sent()
    service.gateway.outcomes = [OFFLINE]
    unsent = service.issue("+447400123457")
    service.deliver(unsent)
    on_the_queue = service.issue("+447400123458")
    back_up(file, backup, service.clock())
    db.close()
    done = restore(backup, file, LATER, replace=True)
    assert (done.ended.verifications, done.ended.deliveries, done.backed_up_at) == (3, 2, START)
    with opened(file) as restored:
        again = Service(restored)
        again.gateway.outcomes = [ACCEPTED]
        for each in (entered, unsent, on_the_queue):
            again.deliver(each)
        again.expirer.enqueue_due(LATER + timedelta(seconds=60))
        assert (again.gateway.messages, again.queue) == ([], [])
        with pytest.raises(VerificationEndedError):
            again.check(entered, code)
        ids = [entered.id, unsent.id, on_the_queue.id]
        for told in of_verifications(restored, ids).values():
            assert (told[-1].kind, told[-1].outcome) == (StepKind.ENDED, "canceled")
            assert "restored from a backup, made 2026-03-01 12:00:00Z" in (told[-1].detail or "")


def test_a_restored_database_goes_on_sending_what_is_asked_for_since(
    db: Database, file: Path, backup: Path
) -> None:
    back_up(file, backup, START)
    db.close()
    restore(backup, file, LATER, replace=True)
    with opened(file) as restored:
        service = Service(restored)
        service.sent()
        assert len(service.gateway.messages) == 1


def test_no_confirmation_of_a_stop_is_sent_again(db: Database, file: Path, backup: Path) -> None:
    with db.write() as connection:
        connection.execute(confirmations.insert().values(number_hash=b"1", day="2026-03-01", reply_id="r"))
    back_up(file, backup, START)
    db.close()
    restore(backup, file, LATER, replace=True)
    with opened(file) as restored, restored.read() as connection:
        assert connection.execute(select(confirmations.c.sent_at)).scalar_one() == LATER


def test_the_database_that_was_there_is_kept_with_its_log(file: Path, backup: Path) -> None:
    """As a process leaves it that was killed: what it wrote last is in the log alone."""
    back_up(file, backup, START)
    source = sqlite3.connect(file, isolation_level=None)
    source.execute("PRAGMA journal_mode=WAL")
    source.execute("INSERT INTO counters VALUES ('last', 1)")
    killed = file.with_name("killed")
    killed.mkdir()
    for side in ("", "-wal", "-shm"):
        shutil.copy(f"{file}{side}", killed)
    source.close()
    with pytest.raises(BackupError, match="--replace"):
        restore(backup, killed / "otp.db", LATER, replace=False)
    kept = restore(backup, killed / "otp.db", LATER, replace=True).kept
    assert kept is not None
    read = "SELECT value FROM counters WHERE name = 'last'"
    with closing(sqlite3.connect(kept)) as old, closing(sqlite3.connect(killed / "otp.db")) as new:
        assert (old.execute(read).fetchall(), new.execute(read).fetchall()) == ([(1,)], [])


def test_nothing_is_put_in_the_place_of_a_database_that_a_process_has_open(file: Path, backup: Path) -> None:
    back_up(file, backup, START)
    before = file.stat().st_ino
    with holding(file), pytest.raises(BackupError, match="stop the service first"):
        restore(backup, file, LATER, replace=True)
    assert (file.stat().st_ino, list(file.parent.glob("otp.db.before-*"))) == (before, [])


def test_a_damaged_database_can_be_replaced_and_a_damaged_backup_replaces_nothing(
    file: Path, backup: Path
) -> None:
    back_up(file, backup, START)
    file.write_bytes(b"damaged" * 4096)
    assert restore(backup, file, LATER, replace=True).schema == newest_version()
    broken = backup.with_name("broken.db")
    content = bytearray(backup.read_bytes())
    content[4096:40960] = b"\xff" * (40960 - 4096)
    broken.write_bytes(content)
    inode = file.stat().st_ino
    with pytest.raises(BackupError):
        restore(broken, file, LATER, replace=True)
    assert file.stat().st_ino == inode


def test_a_backup_of_an_older_version_is_brought_up_to_date(tmp_path: Path, backup: Path) -> None:
    older = tmp_path / "older.db"
    with opened(older) as db:
        upgrade(db, "0020")
    back_up(older, backup, START)
    assert restore(backup, tmp_path / "otp.db", LATER, replace=False).schema == newest_version()


def test_a_backup_of_a_version_that_this_one_does_not_know_is_refused(file: Path, backup: Path) -> None:
    with opened(file) as db, db.write() as connection:
        connection.execute(update(schema_version).values(version_num="9999"))
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9998'")
    back_up(file, backup, START)
    with pytest.raises(SchemaNotCurrentError):
        restore(backup, backup.with_name("new.db"), LATER, replace=False)
    assert not backup.with_name("new.db").exists()


def test_postgres_is_dumped_and_restored_and_sends_no_old_code(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    dump = tmp_path / "otp.dump"
    with unused_database(postgres) as url, closing(Database(url)) as source:
        service = Service(source)
        sent, code = service.sent()
        unsent = service.issue("+447400123457")
        run = [str(postgres.program("pg_dump")), "--format=custom", f"--file={dump}", libpq(url)]
        subprocess.run(run, check=True, timeout=60)
    with unused_database(postgres, "template0") as url:
        restored = [str(postgres.program("pg_restore")), "--no-owner", f"--dbname={libpq(url)}", str(dump)]
        subprocess.run(restored, check=True, timeout=60)
        with closing(Database(url)) as target:
            done = finish_restore(target, LATER)
            again = Service(target)
            again.deliver(unsent)
            assert (done.ended, again.gateway.messages) == (Ended(2, 1), [])
            with pytest.raises(VerificationEndedError):
                again.check(sent, code)
            with target.read() as connection:
                found = set(connection.execute(select(verifications.c.status)).scalars())
            assert found == {"canceled"}


def libpq(url: str) -> str:
    """The URL as Postgres' own programs take it."""
    return url.replace("postgresql+psycopg://", "postgresql://")
