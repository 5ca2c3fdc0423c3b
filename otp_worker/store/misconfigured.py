"""Statements for gateways that refuse our account, whatever the message: since when, and who is told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from otp_worker.store.database import Database
from otp_worker.store.notifications import insert_notices
from otp_worker.store.schema import gateways

_g = gateways.c

MISCONFIGURED, BACK = "gateway.misconfigured", "gateway.back"


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


def note_configured(db: Database, name: str, channels: Sequence[str], now: datetime) -> None:
    """The account is taken again: tell of it, and of what is wrong with it next."""
    with db.write() as connection:
        refused = select(_g.misconfigured_since).where(_g.name == name).with_for_update()
        since = connection.execute(refused).scalar()
        if since is not None:
            connection.execute(update(gateways).where(_g.name == name).values(misconfigured_since=None))
            data = {"gateway": name, "since": since.isoformat()}
            insert_notices(connection, channels, BACK, data, now)
