"""Statements that guard a number against guessing, across its codes, resends and parallel requests."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select, update

from otp_worker.domain.errors import NumberLockedError, NumberReportedError
from otp_worker.domain.lockout import HARD_CAP, locked_until
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import number_guards

_n = number_guards.c


def count_attempt(connection: Connection, number_hashes: Sequence[bytes], now: datetime) -> None:
    """Count a check as failed until it is judged right, so that no number of them at once passes the lock.

    A number is known by a hash under each root secret, the newest first: what was counted under an older one
    still counts. Raises NumberLockedError and NumberReportedError.
    """
    newest = number_hashes[0]
    insert_missing(connection, number_guards, number_hash=newest, failed_checks=0, updated_at=now)
    guards = connection.execute(
        select(_n.failed_checks, _n.locked_until, _n.reported_until)
        .where(_n.number_hash.in_(number_hashes))
        .order_by(_n.number_hash)
        .with_for_update()
    ).all()
    reported = max((guard.reported_until for guard in guards if guard.reported_until), default=now)
    if reported > now:
        raise NumberReportedError(reported)
    failures = max(guard.failed_checks for guard in guards) + 1
    if failures > HARD_CAP:
        raise NumberLockedError(None)
    locked = max((guard.locked_until for guard in guards if guard.locked_until), default=now)
    if locked > now:
        raise NumberLockedError(locked)
    connection.execute(
        update(number_guards)
        .where(_n.number_hash == newest)
        .values(failed_checks=failures, locked_until=locked_until(failures, now), updated_at=now)
    )


def forgive(connection: Connection, number_hashes: Sequence[bytes]) -> None:
    """A right code of a number was entered: forget its failures."""
    connection.execute(delete(number_guards).where(_n.number_hash.in_(number_hashes)))


def report(connection: Connection, number_hash: bytes, until: datetime, now: datetime) -> None:
    """Its person says that somebody else asks for codes: nothing is sent or checked until then."""
    insert_missing(connection, number_guards, number_hash=number_hash, failed_checks=0, updated_at=now)
    connection.execute(
        update(number_guards)
        .where(_n.number_hash == number_hash)
        .values(reported_until=until, updated_at=now)
    )


def refuse_reported(db: Database, number_hashes: list[bytes], now: datetime) -> None:
    """Raise NumberReportedError while a report of the number's person holds."""
    with db.read() as connection:
        until = connection.execute(_REPORTED_UNTIL, {"hashes": number_hashes}).scalar()
    if until is not None and until > now:
        raise NumberReportedError(until)


# Made once: every send asks.
_REPORTED_UNTIL = select(func.max(_n.reported_until)).where(
    _n.number_hash.in_(bindparam("hashes", expanding=True))
)


def unlock(db: Database, number_hashes: list[bytes]) -> bool:
    """Forget a number's failures and reports; False if there are none."""
    with db.update() as connection:
        return bool(
            connection.execute(delete(number_guards).where(_n.number_hash.in_(number_hashes))).rowcount
        )


def purge(db: Database, before: datetime) -> int:
    """Delete what was last changed before then, and locks nobody: a number at the hard cap stays."""
    return delete_where(
        db, number_guards, number_guards.c.updated_at <= before, number_guards.c.failed_checks < HARD_CAP
    )
