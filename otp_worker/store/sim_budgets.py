"""Statements for what each SIM has sent: its turns at its pace, its budgets, and how they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from otp_worker.domain.pace import ahead, has_turn, slot_after, turns_left
from otp_worker.domain.sim import Sim
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import IS_OPEN, deliveries, sim_recipients, sims

_s, _r, _d = sims.c, sim_recipients.c, deliveries.c

CLOCKS_DIFFER = timedelta(seconds=5)
"""The clocks of two machines that are kept by NTP differ by less."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to send one SMS over a SIM, taken from its budgets; without a ``day`` none was counted."""

    sim: str
    day: str | None = None
    month: str | None = None
    number_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """How many SMS could leave over a SIM: in all, and of these to numbers that are new to it.

    ``month`` is set where it may write to so many numbers a month: the one that is counted.
    """

    in_all: int
    to_anybody: int
    month: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """How a SIM stands: what it sent today, to how many numbers this month, and when it last sent."""

    sim: Sim
    sent_today: int
    recipients_this_month: int
    last_sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a SIM's row stands for a machine whose clock says ``now``, which others' clocks differ from."""

    slot: datetime
    day: str
    used: int
    month: str
    recipients: int


def reserve(
    db: Database, sim: Sim, number_hash: bytes, now: datetime, *, paced: bool = True
) -> Reservation | str:
    """Take the next turn at a SIM, or say why there is none: its pace, or a budget that is used up.

    Turns at a pace may be taken a little ahead of their time (the generic cell rate algorithm). One that is
    not ``paced``, a probe's, is not bound by the pace, and puts the others off by no more than that allows.
    """
    if not sim.is_bounded:
        return Reservation(sim.name)
    with db.write() as connection:
        at = _standing(_locked(connection, sim), sim, now)
        refusal = _refusal(sim, at, now, paced=paced)
        if refusal is not None:
            return refusal
        counts_numbers = sim.recipients_per_month > 0
        is_new = counts_numbers and not _write_once_more_to(connection, sim, at.month, number_hash)
        if is_new and at.recipients >= sim.recipients_per_month:
            return f"{sim.name} has written to its {sim.recipients_per_month} numbers of this month"
        if is_new:
            recipient = {"sim": sim.name, "month": at.month, "number_hash": number_hash, "turns": 1}
            connection.execute(insert(sim_recipients).values(recipient))
        connection.execute(
            update(sims)
            .where(_s.name == sim.name)
            .values(
                next_slot_at=slot_after(sim, at.slot, now),
                day=at.day,
                used=at.used + 1,
                month=at.month,
                recipients=at.recipients + is_new,
            )
        )
    return Reservation(sim.name, at.day, at.month if counts_numbers else None, number_hash)


def without_turn(db: Database, known: Sequence[Sim], now: datetime) -> dict[str, str]:
    """Those of the SIMs whose pace or day lets nobody send now, by name, with why; ``reserve`` judges."""
    with db.read() as connection:
        rows = {row.name: row for row in connection.execute(select(sims))}
    found = {
        sim.name: _refusal(sim, _standing(rows[sim.name], sim, now), now) for sim in known if sim.name in rows
    }
    return {name: refusal for name, refusal in found.items() if refusal is not None}


def release(db: Database, turn: Reservation) -> None:
    """Take a turn back that certainly became no SMS. Its slot stays used: the gateway was asked.

    The number counts for the month as long as another turn for it stands.
    """
    if turn.day is None:
        return
    with db.write() as connection:
        connection.execute(
            update(sims).where(_s.name == turn.sim, _s.day == turn.day, _s.used > 0).values(used=_s.used - 1)
        )
        if turn.month is None:
            return
        mine = (_r.sim == turn.sim, _r.month == turn.month, _r.number_hash == turn.number_hash)
        fewer = update(sim_recipients).where(*mine).values(turns=_r.turns - 1).returning(_r.turns)
        if connection.execute(fewer).scalar() != 0:
            return
        connection.execute(delete(sim_recipients).where(*mine))
        connection.execute(
            update(sims)
            .where(_s.name == turn.sim, _s.month == turn.month, _s.recipients > 0)
            .values(recipients=_s.recipients - 1)
        )


def _refusal(sim: Sim, at: _Standing, now: datetime, *, paced: bool = True) -> str | None:
    """Why a SIM may send to nobody now; None where it may."""
    if paced and not has_turn(sim, at.slot, now):
        return f"waits for its turn: {sim.pace_per_minute} a minute"
    if sim.per_day and at.used >= sim.per_day:
        return f"{sim.name} has sent its {sim.per_day} of today"
    return None


def _standing(row: Row[Any], sim: Sim, now: datetime) -> _Standing:
    """A day or a month begins once, with the first machine for which it does; none ends twice.

    What is further ahead than clocks may differ was written by one that was wrong: its day and its slot are
    not waited for, and what it counted stays counted.
    """
    own_day = sim.day(now)
    day = max(own_day, min(row.day, sim.day(now + CLOCKS_DIFFER)))
    month = max(own_day[:7], min(row.month, sim.month(now + CLOCKS_DIFFER)))
    slot = row.next_slot_at or now
    if sim.interval is not None and slot > now + ahead(sim) + sim.interval + CLOCKS_DIFFER:
        slot = now
    return _Standing(
        slot=max(slot, now),
        day=day,
        used=0 if day > row.day else row.used,
        month=month,
        recipients=0 if month > row.month else row.recipients,
    )


def room(db: Database, sim: Sim, now: datetime, most: int, *, paced: bool = True) -> Room:
    """How many SMS could leave over a SIM just now, ``most`` at most; its pace does not bound a probe."""
    if not sim.works_at(now):
        return Room(0, 0)
    if not sim.is_bounded:
        return Room(most, most)
    with db.read() as connection:
        row = connection.execute(select(sims).where(_s.name == sim.name)).first()
    at = _Standing(now, sim.day(now), 0, sim.month(now), 0) if row is None else _standing(row, sim, now)
    left = turns_left(sim, at.slot, now, most) if paced else most
    if sim.per_day:
        left = min(left, max(sim.per_day - at.used, 0))
    if not sim.recipients_per_month:
        return Room(left, left)
    return Room(left, min(left, max(sim.recipients_per_month - at.recipients, 0)), at.month)


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


def purge(db: Database, before: str) -> int:
    """Delete to whom SIMs wrote in the months before that one."""
    return delete_where(db, sim_recipients, _r.month < before)


def _usage(connection: Connection, sim: Sim, row: Row[Any] | None, now: datetime) -> Usage:
    # Two questions: each reads the end of an index, where one alone would read all that the SIM ever sent.
    today = select(func.count()).where(_d.sim == sim.name, _d.sent_at >= sim.midnight(now))
    newest = select(_d.sent_at).where(_d.sim == sim.name, _d.sent_at.is_not(None))
    sent = int(connection.execute(today).scalar_one())
    last_sent_at = connection.execute(newest.order_by(_d.sent_at.desc()).limit(1)).scalar()
    if row is None:
        return Usage(sim, sent, 0, last_sent_at)
    # The budget counts what may have been sent too; without one, what is known to be sent is all there is.
    at = _standing(row, sim, now)
    return Usage(sim, max(at.used, sent), at.recipients, last_sent_at)


def _locked(connection: Connection, sim: Sim) -> Row[Any]:
    mine = select(sims).where(_s.name == sim.name).with_for_update()
    row = connection.execute(mine).first()
    if row is not None:
        return row
    insert_missing(connection, sims, name=sim.name, day="", used=0, month="", recipients=0)
    return connection.execute(mine).one()


def _write_once_more_to(connection: Connection, sim: Sim, month: str, number_hash: bytes) -> bool:
    """Count one more turn for a number that the SIM has written to in the month; False if it has not."""
    known = (
        update(sim_recipients)
        .where(_r.sim == sim.name, _r.month == month, _r.number_hash == number_hash)
        .values(turns=_r.turns + 1)
    )
    return bool(connection.execute(known).rowcount)
