"""Backups of an SQLite database, and what a restored database must not do any more.

Postgres has programs of its own for both: ``pg_dump`` and ``pg_restore``.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, update

from otp_worker.domain.cause.ended import RESTORED
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import sqlite_file
from otp_worker.store.backup_error import BackupError
from otp_worker.store.database import Database
from otp_worker.store.lifecycle import end, tell_ended
from otp_worker.store.migrate import upgrade
from otp_worker.store.schema import IS_OPEN, confirmations, deliveries, entry_links
from otp_worker.store.schema_state import current_version
from otp_worker.store.sweeps import last_sweep, record_sweep

BACKUP = "backup"
"""The sweep whose row in a backup is the instant at which it was made."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made, and that was found to be sound."""

    file: Path
    bytes: int
    schema: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """What a restored database held that must not go on."""

    verifications: int
    deliveries: int


@dataclass(frozen=True, slots=True)
class Restored:
    """A database that was restored; ``backed_up_at`` is None where the backup does not say when it was made.

    ``kept`` is where the database is now that was there before.
    """

    schema: str
    backed_up_at: datetime | None
    ended: Ended
    kept: Path | None = None


def back_up(source: Path, file: Path, now: datetime) -> Backup:
    """Copy a database in use into a new file, which is whole and sound or not there. Raises BackupError."""
    if file.exists():
        raise BackupError(f"{file} is there already; give another name")
    if not source.is_file():
        raise BackupError(f"there is no {source}")
    with sqlite_file.draft_beside(file) as draft:
        sqlite_file.copy(source, draft)
        with closing(Database(sqlite_file.url_of(draft))) as copied:
            schema = current_version(copied)
            if schema is None:
                raise BackupError(f"{source} has no schema yet: there is nothing to back up")
            record_sweep(copied, BACKUP, now)
        _stand_alone(draft)
        sqlite_file.check(draft)
        size = draft.stat().st_size
        sqlite_file.publish(draft, file)
    return Backup(file, size, schema, now)


def restore(backup: Path, target: Path, now: datetime, *, replace: bool) -> Restored:
    """Put a backup in a database's place, brought up to date, with nothing in it that would still be sent.

    Raises BackupError, also where ``target`` is there and is not to be replaced or some process has it open;
    and SchemaNotCurrentError for one of a newer version.
    """
    is_there = target.is_file() and target.stat().st_size > 0
    if is_there and not replace:
        raise BackupError(f"{target} is there already; --replace puts it aside")
    if not backup.is_file():
        raise BackupError(f"there is no {backup}")
    with sqlite_file.draft_beside(target) as draft:
        sqlite_file.copy(backup, draft)
        sqlite_file.check(draft)
        with closing(Database(sqlite_file.url_of(draft))) as copied:
            restored = finish_restore(copied, now)
        _stand_alone(draft)
        sqlite_file.check(draft)
        _give_to_owner(draft, target if is_there else target.parent)
        kept = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}") if is_there else None
        if kept is not None:
            sqlite_file.put_aside(target, kept)
        sqlite_file.publish(draft, target)
    return Restored(restored.schema, restored.backed_up_at, restored.ended, kept)


def finish_restore(db: Database, now: datetime) -> Restored:
    """Bring a restored database up to date, and end what was pending in it, before any process uses it.

    Raises BackupError where it is no database of this service, and SchemaNotCurrentError for one of a newer
    version.
    """
    if current_version(db) is None:
        raise BackupError("what was restored has no schema of otp-worker")
    _, schema = upgrade(db)
    backed_up_at = last_sweep(db, BACKUP)
    since = f", made {backed_up_at:%Y-%m-%d %H:%M:%S}Z" if backed_up_at else ""
    return Restored(schema, backed_up_at, end_pending(db, f"{RESTORED}{since}", now))


def end_pending(db: Database, reason: str, now: datetime) -> Ended:
    """Cancel every verification that is pending, and call back all that is not sent yet.

    Whether a code was sent or entered since the backup nobody knows: none of them may be sent or entered
    again. Nor may the confirmation of a STOP, nor a link to the entry page be used or redeemed.
    """
    with db.write() as connection:
        if not db.is_sqlite:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        ended = list(connection.execute(end(VerificationStatus.CANCELED, now, reason)).scalars())
        called_back = (
            update(deliveries)
            .where(IS_OPEN)
            .values(status=DeliveryStatus.SUPERSEDED, reason=reason, lease_until=None)
        )
        unsent = connection.execute(called_back).rowcount
        unconfirmed = update(confirmations).where(confirmations.c.sent_at.is_(None))
        connection.execute(unconfirmed.values(sent_at=now))
        connection.execute(delete(entry_links))
        tell_ended(connection, ended, VerificationStatus.CANCELED, now, reason)
    return Ended(len(ended), unsent)


def _stand_alone(file: Path) -> None:
    """Leave all of a database in its one file, whatever the service's connections made of it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()


def _give_to_owner(file: Path, pattern: Path) -> None:
    """Give a file to whom the service runs as, where root restores it."""
    if os.geteuid() == 0:
        owner = pattern.stat()
        os.chown(file, owner.st_uid, owner.st_gid)
