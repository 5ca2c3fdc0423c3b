"""Statements of reverse verification: which tokens live, and the one that a person texts."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from otp_worker.domain.errors import NumberLockedError, NumberReportedError
from otp_worker.domain.step import approved
from otp_worker.domain.verification import VerificationStatus
from otp_worker.store import lockouts, steps
from otp_worker.store.database import Database
from otp_worker.store.lifecycle import TO_CHANGE, end
from otp_worker.store.schema import verifications

_v = verifications.c


def living(db: Database, token_hashes: Collection[bytes], now: datetime) -> set[bytes]:
    """Those of the hashes that stand for a token which still approves something."""
    if not token_hashes:
        return set()
    statement = select(_v.token_hash).where(
        _v.token_hash.in_(token_hashes), _v.status == VerificationStatus.PENDING, _v.expires_at > now
    )
    with db.read() as connection:
        return set(connection.execute(statement).scalars())


def approve(
    connection: Connection, number_hashes: list[bytes], token_hashes: Collection[bytes], now: datetime
) -> bool:
    """Approve the number's verification that one of the tokens is of; once.

    Where the number has pending ones and no token is right, that is one wrong code of the number. While it
    is locked, no token is looked at.
    """
    if not token_hashes:
        return False
    mine = (
        select(_v.id, _v.token_hash, _v.created_at)
        .where(
            _v.number_hash.in_(number_hashes),
            _v.token_hash.is_not(None),
            _v.status == VerificationStatus.PENDING,
            _v.expires_at > now,
        )
        .order_by(_v.id)
        .with_for_update(**TO_CHANGE)
    )
    pending = connection.execute(mine).all()
    if not pending:
        return False
    try:
        lockouts.count_attempt(connection, number_hashes, now)
    except (NumberLockedError, NumberReportedError):
        return False
    right = [row.id for row in pending if row.token_hash in token_hashes]
    ended = connection.execute(end(VerificationStatus.APPROVED, now, None, _v.id.in_(right))).scalars().all()
    if ended:
        lockouts.forgive(connection, number_hashes)
    asked_at = {row.id: row.created_at for row in pending}
    steps.write(connection, [approved(each, asked_at[each], now) for each in ended])
    return bool(ended)
