"""Statements that only read verifications."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select

from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.rows import delivery_of, verification_of
from otp_worker.store.schema import IS_OPEN, deliveries, verifications

_v, _d = verifications.c, deliveries.c


def find(db: Database, verification_id: str, app: str | None = None) -> Verification | None:
    """A verification with its newest delivery; with ``app``, only if it is that app's."""
    statement = _with_newest_delivery().where(_v.id == verification_id)
    if app is not None:
        statement = statement.where(_v.app == app)
    with db.read() as connection:
        row = connection.execute(statement).first()
    return _verification(row) if row else None


def get(db: Database, verification_id: str, app: str) -> Verification:
    """An app's own verification. Raises NotFoundError."""
    found = find(db, verification_id, app)
    if found is None:
        raise NotFoundError("there is no such verification")
    return found


def newest_pending(
    db: Database, app: str, number_hashes: list[bytes], now: datetime, purpose: str | None = None
) -> str | None:
    """The id of an app's newest verification of a number, for a purpose, whose code can be checked still."""
    statement = (
        select(_v.id)
        .where(
            _v.number_hash.in_(number_hashes),
            _v.app == app,
            _v.purpose.is_not_distinct_from(purpose),
            _v.status == VerificationStatus.PENDING,
            _v.token_hash.is_(None),
            _v.expires_at > now,
        )
        .order_by(_v.created_at.desc(), _v.id.desc())
        .limit(1)
    )
    with db.read() as connection:
        return connection.execute(statement).scalar()


def newest_of_number(db: Database, number_hashes: list[bytes]) -> tuple[str, str, str | None] | None:
    """The id, app and user of the newest verification of a number, whatever became of it; no test key's."""
    statement = (
        select(_v.id, _v.app, _v.user)
        .where(_v.number_hash.in_(number_hashes), _v.test.is_(False))
        .order_by(_v.created_at.desc(), _v.id.desc())
        .limit(1)
    )
    with db.read() as connection:
        row = connection.execute(statement).first()
    return (row.id, row.app, row.user) if row else None


def waiting_before(
    db: Database, route: str, deadline_at: datetime, limit: int, priority: str | None = None
) -> int:
    """How many deliveries waiting by a route go first; counts to ``limit`` at most.

    Those of a nearer deadline do, and before a notice everything else.
    """
    is_first = _d.deadline_at < deadline_at
    if priority is None:
        goes_first = and_(_d.priority.is_(None), is_first)
    else:
        goes_first = or_(_d.priority.is_(None), is_first)
    before = (
        select(_d.id)
        .where(
            IS_OPEN,
            _d.status == DeliveryStatus.WAITING,
            _d.route == route,
            goes_first,
        )
        .limit(limit)
    )
    with db.read() as connection:
        return connection.execute(select(func.count()).select_from(before.subquery())).scalar_one()


def _with_newest_delivery() -> Select[Any]:
    columns = [column.label(f"delivery_{column.name}") for column in deliveries.c]
    return (
        select(verifications, *columns)
        .outerjoin(deliveries, _d.verification_id == _v.id)
        .order_by(_d.created_at.desc(), _d.id.desc())
        .limit(1)
    )


def _verification(row: Row[Any]) -> Verification:
    newest = delivery_of(row._mapping, "delivery_") if row.delivery_id is not None else None
    return verification_of(row._mapping, newest)
