"""Statements for alerts: what operators are told of once while it lasts, and once more when it is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete

from otp_worker.store.database import Database, insert_missing
from otp_worker.store.notifications import insert_notices
from otp_worker.store.schema import alerts

_a = alerts.c


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that goes wrong with one subject: the type of its notice, and of the one of its end."""

    type: str
    over: str


CANARY_LOST = Alert("canary.lost", "canary.back")
BUDGET_LOW = Alert("sim.budget_low", "sim.budget_back")
CONVERSION_HALVED = Alert("conversion.halved", "conversion.back")


def begin(
    connection: Connection,
    alert: Alert,
    subject: str,
    data: Mapping[str, object],
    channels: Sequence[str],
    now: datetime,
) -> list[str] | None:
    """Note that it goes wrong; the notices of that, or None where it lasts already."""
    if not insert_missing(connection, alerts, type=alert.type, subject=subject, since=now):
        return None
    return insert_notices(connection, channels, alert.type, data, now)


def end(
    connection: Connection,
    alert: Alert,
    subject: str,
    data: Mapping[str, object],
    channels: Sequence[str],
    now: datetime,
) -> list[str] | None:
    """Note that all is well; the notices of that, with since when it was not, or None where it was."""
    lasting = delete(alerts).where(_a.type == alert.type, _a.subject == subject).returning(_a.since)
    since = connection.execute(lasting).scalar()
    if since is None:
        return None
    return insert_notices(connection, channels, alert.over, {**data, "since": since.isoformat()}, now)


def note(
    db: Database,
    alert: Alert,
    subject: str,
    data: Mapping[str, object],
    channels: Sequence[str],
    now: datetime,
    *,
    lasts: bool,
) -> list[str] | None:
    """``begin`` or ``end`` in a transaction of its own."""
    with db.write() as connection:
        return (begin if lasts else end)(connection, alert, subject, data, channels, now)
