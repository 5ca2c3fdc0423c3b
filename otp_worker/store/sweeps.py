"""Statements for when each sweep last ran."""

from datetime import datetime

from sqlalchemy import select, update

from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import sweeps

_s = sweeps.c

SWEEP = "expire"
"""The sweep that ends what time has ended."""


def record_sweep(db: Database, name: str, now: datetime) -> None:
    """Remember when a sweep last ran, so that its absence is noticed."""
    with db.write() as connection:
        insert_missing(connection, sweeps, name=name, swept_at=now)
        connection.execute(update(sweeps).where(_s.name == name).values(swept_at=now))


def last_sweep(db: Database, name: str) -> datetime | None:
    """When a sweep last ran."""
    with db.read() as connection:
        return connection.execute(select(_s.swept_at).where(_s.name == name)).scalar()
