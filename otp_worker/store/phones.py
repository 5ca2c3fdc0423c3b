"""Statements for how the phones are: what was last seen of each, and what was reported of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from otp_worker.domain.gateway import PhoneState
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.notifications import insert_notices
from otp_worker.store.schema import deliveries, gateways

_g, _d = gateways.c, deliveries.c

SILENT, BACK, BATTERY_LOW = "phone.silent", "phone.back", "phone.battery_low"


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a phone: what its gateway tells, why it is taken to be silent, and is its battery low.

    ``moved_at`` is when the instant at which its gateway saw it last had moved, by our clock.
    """

    phone: PhoneState | None
    silence: str | None
    battery_is_low: bool | None
    moved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """How a phone stood when it was last looked at; ``last_seen_at`` is the last sign of life of any kind."""

    gateway: str
    silent: bool
    battery_percent: float | None
    last_seen_at: datetime | None


def moved_at(db: Database, name: str, last_seen_at: datetime, now: datetime) -> datetime:
    """When the instant at which a gateway saw its phone last was found to have moved: perhaps just now."""
    with db.read() as connection:
        row = connection.execute(select(_g.seen_at, _g.seen_moved_at).where(_g.name == name)).first()
    if row is None or row.seen_at != last_seen_at:
        return now
    return row.seen_moved_at or min(last_seen_at, now)


def note_look(
    db: Database, name: str, seen: Seen, channels: Sequence[str], now: datetime
) -> list[tuple[str, list[str]]]:
    """Keep a look; what is to be reported since the last one, each with its notices."""
    with db.write() as connection:
        insert_missing(connection, gateways, name=name, failures=0, uncertain_total=0)
        before = connection.execute(select(gateways).where(_g.name == name).with_for_update()).one()
        silent = seen.silence is not None
        # An unknown battery is no news: what was reported of it stays so.
        low = bool(before.battery_low) if seen.battery_is_low is None else seen.battery_is_low
        phone = seen.phone or PhoneState()
        connection.execute(
            update(gateways)
            .where(_g.name == name)
            .values(
                silent=silent,
                battery_low=low,
                battery_percent=phone.battery_percent,
                seen_at=phone.last_seen_at or (now if phone.online else before.seen_at),
                looked_at=now,
                seen_moved_at=seen.moved_at,
            )
        )
        kinds = []
        if silent != bool(before.silent):
            kinds.append(SILENT if silent else BACK)
        if low and not before.battery_low:
            kinds.append(BATTERY_LOW)
        told = {"gateway": name, "reason": seen.silence, "battery_percent": phone.battery_percent}
        return [(kind, insert_notices(connection, channels, kind, told, now)) for kind in kinds]


def phones(db: Database, names: Sequence[str]) -> list[Phone]:
    """How the phones of these gateways stood when they were last looked at."""
    with db.read() as connection:
        rows = {row.name: row for row in connection.execute(select(gateways))}
        sent = {name: _newest_sent(connection, name) for name in names}
    found = []
    for name in names:
        row = rows.get(name)
        signs = [at for at in (row.seen_at if row else None, sent.get(name)) if at is not None]
        found.append(
            Phone(
                gateway=name,
                silent=bool(row.silent) if row else False,
                battery_percent=row.battery_percent if row else None,
                last_seen_at=max(signs, default=None),
            )
        )
    return found


def _newest_sent(connection: Connection, gateway: str) -> datetime | None:
    # Reads the end of an index: a maximum by gateway would read all that every one of them ever sent.
    newest = select(_d.sent_at).where(_d.gateway == gateway, _d.sent_at.is_not(None))
    return connection.execute(newest.order_by(_d.sent_at.desc()).limit(1)).scalar()
