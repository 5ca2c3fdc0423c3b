"""Statements that guard a number against guessing, across its codes, resends and parallel requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from otp_worker.domain.errors import NumberLockedError, NumberReportedError
from otp_worker.domain.lockout import HARD_CAP, locked_until
from otp_worker.domain.recipient import EmailAddress
from otp_worker.domain.verification import VerificationStatus
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.lifecycle import TO_CHANGE, close_deliveries, end, tell_ended
from otp_worker.store.schema import number_guards, verifications

_n, _v = number_guards.c, verifications.c


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


def lock_reported(connection: Connection, number_hash: bytes, until: datetime, now: datetime) -> None:
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


def hashes_of(db: Database, verification_id: str) -> tuple[str | None, bytes] | None:
    """The number, or the address, of a verification as it is counted while it is kept, and its hash.

    None if there is no such verification.
    """
    statement = select(_v.number, _v.email, _v.number_hash).where(_v.id == verification_id)
    with db.read() as connection:
        row = connection.execute(statement).first()
    if row is None:
        return None
    return row.number or (EmailAddress(row.email).identity if row.email else None), row.number_hash


def is_locked(db: Database, number_hashes: Sequence[bytes], now: datetime) -> bool:
    """Whether wrong codes, or a report, keep codes of a number from being checked now."""
    locks = or_(_n.failed_checks >= HARD_CAP, _n.locked_until > now, _n.reported_until > now)
    with db.read() as connection:
        return (
            connection.execute(select(_n.number_hash).where(_n.number_hash.in_(number_hashes), locks)).first()
            is not None
        )


def purge(db: Database, before: datetime) -> int:
    """Delete what was last changed before then, and locks nobody: a number at the hard cap stays."""
    return delete_where(
        db, number_guards, number_guards.c.updated_at <= before, number_guards.c.failed_checks < HARD_CAP
    )


REPORTED_BY_THE_PERSON = "reported by the person"


COUNTS_FOR = timedelta(hours=1)
"""A report counts while a verification is pending, and for so long after its end: an SMS is read late."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A verification that a report is about."""

    verification_id: str
    app: str
    user: str | None


def report(
    connection: Connection, number_hashes: list[bytes], until: datetime, now: datetime
) -> list[Reported]:
    """End every pending verification of a number, and let nothing be sent or checked until then.

    Where none is pending, it is about the newest one that ended lately, approved perhaps: that is worth the
    same alarm. Without such a one nothing changes, and the answer is empty.
    """
    reported = _end_pending(connection, number_hashes, now) or _ended_lately(connection, number_hashes, now)
    if reported:
        lock_reported(connection, number_hashes[0], until, now)
    return reported


def _end_pending(connection: Connection, number_hashes: list[bytes], now: datetime) -> list[Reported]:
    mine = (
        select(_v.id, _v.app, _v.user)
        .where(
            _v.number_hash.in_(number_hashes),
            _v.status == VerificationStatus.PENDING,
            _v.expires_at > now,
            _v.test.is_(False),
        )
        .order_by(_v.id)
        .with_for_update(**TO_CHANGE)
    )
    pending = {row.id: Reported(*row) for row in connection.execute(mine)}
    ending = end(VerificationStatus.CANCELED, now, REPORTED_BY_THE_PERSON, _v.id.in_(pending))
    ended = sorted(connection.execute(ending).scalars())
    close_deliveries(connection, ended, REPORTED_BY_THE_PERSON)
    tell_ended(connection, ended, VerificationStatus.CANCELED, now, REPORTED_BY_THE_PERSON)
    return [pending[verification_id] for verification_id in ended]


def _ended_lately(connection: Connection, number_hashes: list[bytes], now: datetime) -> list[Reported]:
    # What time has ended is pending until a sweep has written that down.
    ended_at = func.coalesce(_v.ended_at, _v.expires_at)
    newest = (
        select(_v.id, _v.app, _v.user)
        .where(_v.number_hash.in_(number_hashes), _v.test.is_(False), ended_at > now - COUNTS_FOR)
        .order_by(_v.created_at.desc(), _v.id.desc())
        .limit(1)
    )
    return [Reported(*row) for row in connection.execute(newest)]
