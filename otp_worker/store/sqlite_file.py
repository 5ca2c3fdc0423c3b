"""An SQLite database as a file: copied while it is written, examined, and put in another one's place."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from otp_worker.store.backup_error import BackupError

BUSY_SECONDS = 10.0
HOLD_SECONDS = 1.0
"""Between two statements of a service that runs, nobody else gets hold of its database alone."""
IN_USE = "a process has {} open: stop the service first"
SIDES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database that is in use, or whose process was killed: it goes with the file."""
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510
"""The bytes that each connection holds a shared lock on (SQLite, "File Locking", os.h)."""


def file_of(url: str) -> Path | None:
    """The file of an SQLite URL; None for another database."""
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.drivername == "sqlite" else None


def url_of(file: Path) -> str:
    """The URL of a file, whatever is in its name."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(file)).render_as_string(hide_password=False)


@contextmanager
def draft_beside(file: Path) -> Iterator[Path]:
    """A new file in the same folder, for its owner alone; gone at the end unless it was renamed.

    Raises BackupError where none can be made, or where it cannot be filled.
    """
    try:
        descriptor, name = mkstemp(prefix=f".{file.name}.", dir=file.parent)
    except OSError as error:
        raise BackupError(f"{file.parent}: {error.strerror}") from None
    os.close(descriptor)
    draft = Path(name)
    try:
        yield draft
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"{file}: {error}") from None
    finally:
        for left in (draft, *_sides(draft)):
            left.unlink(missing_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy a database as it is at one instant; whoever writes it goes on. Raises BackupError."""
    try:
        # Not made if it is not there; written where a killed process left a log to be read back.
        with closing(_open(source, "rw")) as original, closing(_open(target, "rwc")) as made:
            # What is read once stays as it is read: no writer makes the copy begin anew, or wait for ever.
            original.execute("BEGIN")
            original.execute("SELECT count(*) FROM sqlite_master").fetchone()
            original.backup(made)
            # The copy stands by itself, and can be read where nothing can be written.
            made.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"{source}: {error}") from None


@contextmanager
def held_alone(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection beside which no other one can be, from before the block to its end. Raises BackupError."""
    try:
        with closing(_open(file, "rw", HOLD_SECONDS)) as connection:
            # Refused while any other connection is open, and nothing is left in a log then.
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            connection.execute("BEGIN EXCLUSIVE")
            yield connection
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise BackupError(f"{file}: {error}") from None
        raise BackupError(IN_USE.format(file)) from None


def check(file: Path) -> None:
    """Raise BackupError unless every page, row and index of a database is sound."""
    try:
        with closing(_open(file, "rw")) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            lost = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"the database is damaged: {error}") from None
    if found != "ok" or lost is not None:
        raise BackupError(f"the database is damaged: {found if lost is None else f'rows of {lost[0]}'}")


def publish(draft: Path, file: Path) -> None:
    """Give a draft its name, on the disk before this returns."""
    _sync(draft)
    draft.replace(file)
    _sync(file.parent)


def put_aside(file: Path, kept: Path) -> None:
    """Rename a database that no process has open, with what belongs to it. Raises BackupError."""
    if kept.exists():
        raise BackupError(f"{kept} is there already")
    with _nobody_has_open(file):
        for side in _sides(file):
            with suppress(FileNotFoundError):
                side.rename(f"{kept}{side.name.removeprefix(file.name)}")
        file.rename(kept)


@contextmanager
def _nobody_has_open(file: Path) -> Iterator[None]:
    """Keep every other process from the database of a file, sound or damaged. Raises BackupError."""
    with file.open("r+b") as opened:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)
        except BlockingIOError:
            raise BackupError(IN_USE.format(file)) from None
        yield


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sides(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}{side}") for side in SIDES]


def _open(file: Path, mode: str, seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    uri = f"{file.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None)
