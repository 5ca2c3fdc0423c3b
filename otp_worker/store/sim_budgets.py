"""Statements for what each SIM has sent: its turns at its pace, its budgets, and how they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from otp_worker.domain.sim import Sim
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import IS_OPEN, deliveries, sim_recipients, sims

_s, _r, _d = sims.c, sim_recipients.c, deliveries.c

SLOTS_AHEAD = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to send one SMS over a SIM, taken from its budgets; without a ``day`` none was counted."""

    sim: str
    day: str | None = None
    month: str | None = None
    number_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """How a SIM stands: what it sent today, to how many numbers this month, and when it last sent."""

    sim: Sim
    sent_today: int
    recipients_this_month: int
    last_sent_at: datetime | None


def take_turn(db: Database, sim: Sim, number_hash: bytes, now: datetime, *, paced: bool = True) -> Turn | str:
    """Take the next turn at a SIM, or say why there is none: its pace, or a budget that is used up.

    Turns at a pace may be taken a little ahead of their time (the generic cell rate algorithm).
    """
    if not sim.is_bounded:
        return Turn(sim.name)
    with db.write() as connection:
        row = _locked(connection, sim)
        slot = max(row.next_slot_at or now, now)
        if paced and sim.interval is not None and slot > now + max(SLOTS_AHEAD, sim.interval):
            return f"waits for its turn: {sim.pace_per_minute} a minute"
        day, month = sim.day(now), sim.month(now)
        used = row.used if row.day == day else 0
        if sim.per_day and used >= sim.per_day:
            return f"{sim.name} has sent its {sim.per_day} of today"
        recipients = row.recipients if row.month == month else 0
        is_new = sim.recipients_per_month > 0 and not _wrote_to(connection, sim, month, number_hash)
        if is_new and recipients >= sim.recipients_per_month:
            return f"{sim.name} has written to its {sim.recipients_per_month} numbers of this month"
        if is_new:
            connection.execute(
                insert(sim_recipients).values(sim=sim.name, month=month, number_hash=number_hash)
            )
        connection.execute(
            update(sims)
            .where(_s.name == sim.name)
            .values(
                next_slot_at=slot + sim.interval if sim.interval else None,
                day=day,
                used=used + 1,
                month=month,
                recipients=recipients + is_new,
            )
        )
    return Turn(sim.name, day, month if is_new else None, number_hash)


def give_back(db: Database, turn: Turn) -> None:
    """Take a turn back that certainly became no SMS. Its slot stays used: the gateway was asked."""
    if turn.day is None:
        return
    with db.write() as connection:
        connection.execute(
            update(sims).where(_s.name == turn.sim, _s.day == turn.day, _s.used > 0).values(used=_s.used - 1)
        )
        if turn.month is None:
            return
        connection.execute(
            delete(sim_recipients).where(
                _r.sim == turn.sim, _r.month == turn.month, _r.number_hash == turn.number_hash
            )
        )
        connection.execute(
            update(sims)
            .where(_s.name == turn.sim, _s.month == turn.month, _s.recipients > 0)
            .values(recipients=_s.recipients - 1)
        )


def room(db: Database, sim: Sim, now: datetime, most: int) -> int:
    """How many SMS could leave over a SIM just now, ``most`` at most; to how many numbers is not asked."""
    if not sim.works_at(now):
        return 0
    if not sim.is_bounded:
        return most
    with db.read() as connection:
        row = connection.execute(select(sims).where(_s.name == sim.name)).first()
    if row is None:
        return most
    left = most
    if sim.interval is not None:
        ahead = now + max(SLOTS_AHEAD, sim.interval) - max(row.next_slot_at or now, now)
        left = min(left, max(int(ahead / sim.interval) + 1, 0))
    if sim.per_day:
        used = row.used if row.day == sim.day(now) else 0
        left = min(left, max(sim.per_day - used, 0))
    return left


def usage(db: Database, known: Sequence[Sim], now: datetime) -> list[Usage]:
    """How every SIM stands."""
    with db.read() as connection:
        rows = {row.name: row for row in connection.execute(select(sims))}
        return [_usage(connection, sim, rows.get(sim.name), now) for sim in known]


def waiting_by_reason(db: Database) -> dict[str, int]:
    """How many messages wait, and why, most first."""
    number = func.count().label("number")
    statement = (
        select(_d.reason, number)
        .where(IS_OPEN, _d.status == DeliveryStatus.WAITING)
        .group_by(_d.reason)
        .order_by(number.desc())
    )
    with db.read() as connection:
        return {reason or "no worker took it up": number for reason, number in connection.execute(statement)}


def forget_months(db: Database, before: str) -> None:
    """Delete to whom SIMs wrote in the months before that one."""
    delete_where(db, sim_recipients, _r.month < before)


def _usage(connection: Connection, sim: Sim, row: Row[Any] | None, now: datetime) -> Usage:
    # Two questions: each reads the end of an index, where one alone would read all that the SIM ever sent.
    today = select(func.count()).where(_d.sim == sim.name, _d.sent_at >= sim.midnight(now))
    newest = select(_d.sent_at).where(_d.sim == sim.name, _d.sent_at.is_not(None))
    sent = int(connection.execute(today).scalar_one())
    last_sent_at = connection.execute(newest.order_by(_d.sent_at.desc()).limit(1)).scalar()
    if row is None:
        return Usage(sim, sent, 0, last_sent_at)
    # The budget counts what may have been sent too; without one, what is known to be sent is all there is.
    used = row.used if row.day == sim.day(now) else 0
    recipients = row.recipients if row.month == sim.month(now) else 0
    return Usage(sim, max(used, sent), recipients, last_sent_at)


def _locked(connection: Connection, sim: Sim) -> Row[Any]:
    mine = select(sims).where(_s.name == sim.name).with_for_update()
    row = connection.execute(mine).first()
    if row is not None:
        return row
    insert_missing(connection, sims, name=sim.name, day="", used=0, month="", recipients=0)
    return connection.execute(mine).one()


def _wrote_to(connection: Connection, sim: Sim, month: str, number_hash: bytes) -> bool:
    known = select(_r.sim).where(_r.sim == sim.name, _r.month == month, _r.number_hash == number_hash)
    return connection.execute(known).first() is not None
