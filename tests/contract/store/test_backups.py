"""Backups of a database in use."""

import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from otp_worker.store import sqlite_file
from otp_worker.store.backup_error import BackupError
from otp_worker.store.backups import back_up, restore
from otp_worker.store.database import Database
from otp_worker.store.schema_state import newest_version
from tests.contract.service import START
from tests.contract.store.every_table import contents, fill

LATER = START + timedelta(seconds=20)


@pytest.fixture
def file(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """The database of a service."""
    return Path(shutil.copy(migrated_sqlite, tmp_path / "otp.db"))


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Where a backup goes."""
    return tmp_path / "backup.db"


def opened(file: Path) -> closing[Database]:
    """A database that is closed at the end of a block."""
    return closing(Database(f"sqlite:///{file}"))


def left_behind(folder: Path) -> set[str]:
    """The files of a folder that no one asked for."""
    return {each.name for each in folder.iterdir()} - {"otp.db", "backup.db"}


def test_a_backup_holds_every_row_and_is_for_its_owner_alone(file: Path, backup: Path) -> None:
    with opened(file) as db:
        fill(db)
        before = contents(db)
        made = back_up(file, backup, LATER)
    with opened(backup) as copied:
        after = contents(copied)
    assert after.pop("sweeps") != before.pop("sweeps")
    assert after == before
    assert (made.schema, made.made_at, made.bytes) == (newest_version(), LATER, made.file.stat().st_size)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_a_backup_is_one_file_that_can_be_read_where_nothing_is_written(file: Path, backup: Path) -> None:
    made = back_up(file, backup, LATER).file
    assert left_behind(file.parent) <= {"otp.db-wal", "otp.db-shm"}
    with closing(sqlite3.connect(f"file:{made}?immutable=1", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_backup_beside_a_writer_is_of_one_instant_and_holds_up_nobody(file: Path, backup: Path) -> None:
    """Each transaction writes a row and counts it: a backup of two instants would not agree with itself."""
    stopping, written = Event(), Event()

    def write() -> None:
        with opened(file) as db:
            while not stopping.is_set():
                with db.write() as connection:
                    connection.exec_driver_sql("INSERT INTO steps (at, kind) VALUES ('2026-03-01', 'taken')")
                    connection.exec_driver_sql(
                        "INSERT INTO counters VALUES ('rows', 1) ON CONFLICT DO UPDATE SET value = value + 1"
                    )
                written.set()

    writer = Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            written.clear()
            assert written.wait(60)
            made = back_up(file, backup.with_name(f"backup{number}.db"), LATER).file
            with opened(made) as copied, copied.read() as connection:
                (counted,) = connection.exec_driver_sql(
                    "SELECT value FROM counters WHERE name = 'rows'"
                ).one()
                (rows,) = connection.exec_driver_sql("SELECT count(*) FROM steps").one()
            assert 0 < rows == counted
    finally:
        stopping.set()
        writer.join(60)


def test_a_backup_overwrites_nothing(file: Path, backup: Path) -> None:
    backup.write_text("mine")
    with pytest.raises(BackupError, match="is there already"):
        back_up(file, backup, LATER)
    assert backup.read_text() == "mine"


def test_a_damaged_database_is_not_backed_up_and_leaves_nothing(file: Path, backup: Path) -> None:
    with opened(file) as db:
        fill(db)
    damaged = bytearray(file.read_bytes())
    with closing(sqlite3.connect(file)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'deliveries'").fetchone()[
            0
        ]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    damaged[(root - 1) * size : root * size] = b"\xff" * size
    file.write_bytes(damaged)
    with pytest.raises(BackupError, match="damaged"):
        back_up(file, backup, LATER)
    assert (backup.exists(), left_behind(file.parent) <= {"otp.db-wal", "otp.db-shm"}) == (False, True)


def test_a_disk_that_is_full_leaves_no_half_a_backup(
    file: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:5000])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sqlite_file, "copy", full)
    with pytest.raises(BackupError, match="No space left"):
        back_up(file, backup, LATER)
    assert (backup.exists(), left_behind(file.parent)) == (False, set())


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_what_is_no_database_of_the_service_is_neither_backed_up_nor_restored(
    file: Path, backup: Path, content: bytes
) -> None:
    other = file.with_name("other.db")
    other.write_bytes(content)
    with pytest.raises(BackupError):
        back_up(other, backup, LATER)
    with pytest.raises(BackupError):
        restore(other, backup, LATER, replace=False)
    with pytest.raises(BackupError, match="there is no"):
        back_up(file.with_name("absent.db"), backup, LATER)
    assert (backup.exists(), left_behind(file.parent)) == (False, {"other.db"})
