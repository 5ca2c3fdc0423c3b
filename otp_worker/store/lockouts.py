"""Statements that guard a number against guessing, across its codes, resends and parallel requests."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select, update

from otp_worker.domain.errors import NumberLockedError, NumberReportedError
from otp_worker.domain.lockout import HARD_CAP, locked_until
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import number_guards, verifications

_n, _v = number_guards.c, verifications.c


def count_attempt(connection: Connection, number_hash: bytes, now: datetime) -> None:
    """Count a check as failed until it is judged right, so that no number of them at once passes the lock.

    Raises NumberLockedError and NumberReportedError.
    """
    insert_missing(connection, number_guards, number_hash=number_hash, failed_checks=0, updated_at=now)
    guard = connection.execute(
        select(_n.failed_checks, _n.locked_until, _n.reported_until)
        .where(_n.number_hash == number_hash)
        .with_for_update()
    ).one()
    if guard.reported_until is not None and guard.reported_until > now:
        raise NumberReportedError(guard.reported_until)
    if guard.failed_checks >= HARD_CAP:
        raise NumberLockedError(None)
    if guard.locked_until is not None and guard.locked_until > now:
        raise NumberLockedError(guard.locked_until)
    failures = guard.failed_checks + 1
    connection.execute(
        update(number_guards)
        .where(_n.number_hash == number_hash)
        .values(failed_checks=failures, locked_until=locked_until(failures, now), updated_at=now)
    )


def forgive(connection: Connection, verification_id: str) -> None:
    """A right code was entered: forget the failures of its number."""
    number = select(_v.number_hash).where(_v.id == verification_id, _v.test.is_(False)).scalar_subquery()
    connection.execute(delete(number_guards).where(_n.number_hash == number))


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
