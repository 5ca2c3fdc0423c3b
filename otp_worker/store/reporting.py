"""Statements for a person's report that somebody else asks for their codes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from otp_worker.domain.verification import VerificationStatus
from otp_worker.store import lockouts
from otp_worker.store.lifecycle import close_deliveries, end
from otp_worker.store.schema import verifications

_v = verifications.c

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
        lockouts.report(connection, number_hashes[0], until, now)
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
        .with_for_update()
    )
    pending = {row.id: Reported(*row) for row in connection.execute(mine)}
    ending = end(VerificationStatus.CANCELED, now, REPORTED_BY_THE_PERSON, _v.id.in_(pending))
    ended = sorted(connection.execute(ending).scalars())
    close_deliveries(connection, ended, REPORTED_BY_THE_PERSON)
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
