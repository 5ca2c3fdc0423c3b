"""Statements for gateways that refuse our account, whatever the message: since when, and who is told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update

from otp_worker.store.database import Database
from otp_worker.store.notifications import insert_notices
from otp_worker.store.schema import gateways

_g = gateways.c

MISCONFIGURED = "gateway.misconfigured"


def note_misconfigured(db: Database, name: str, reason: str, channels: Sequence[str], now: datetime) -> None:
    """Remember it, and tell of it once until the account is taken again; the sweep publishes that."""
    with db.write() as connection:
        newly = connection.execute(
            update(gateways)
            .where(_g.name == name, _g.misconfigured_since.is_(None))
            .values(misconfigured_since=now)
            .returning(_g.name)
        ).first()
        if newly is not None:
            insert_notices(connection, channels, MISCONFIGURED, {"gateway": name, "reason": reason}, now)


def note_configured(db: Database, name: str) -> None:
    """The account is taken: what is wrong with it next is told again."""
    with db.update() as connection:
        connection.execute(update(gateways).where(_g.name == name).values(misconfigured_since=None))
