"""Statements for canaries: when each was sent, and when it arrived or was given up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, delete, func, insert, select, update

from otp_worker.store import alerts
from otp_worker.store.alerts import CANARY_LOST
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.notifications import insert_notices
from otp_worker.store.schema import canaries, canary_turns

_c, _t = canaries.c, canary_turns.c

FAILED = "canary.failed"


@dataclass(frozen=True, slots=True)
class Way:
    """From one SIM to another: how long the last canary took that arrived, and how many were lost."""

    from_sim: str
    to_sim: str
    last_seconds: float | None
    lost: int


def insert_canary(db: Database, canary: str, from_sim: str, to_sim: str, now: datetime) -> None:
    """Write a canary down, before it is sent."""
    with db.update() as connection:
        connection.execute(insert(canaries).values(id=canary, from_sim=from_sim, to_sim=to_sim, sent_at=now))


def forget_canary(db: Database, canary: str) -> None:
    """A canary was certainly not sent."""
    with db.update() as connection:
        connection.execute(delete(canaries).where(_c.id == canary))


def arrive(
    db: Database, canary: str, from_sim: str, channels: Sequence[str], now: datetime
) -> list[str] | None:
    """A canary came in from that SIM; the notices of that, where the last one on its way was lost.

    None if it is not known, or had come in before.
    """
    with db.write() as connection:
        arrived = connection.execute(
            update(canaries)
            .where(_c.id == canary, _c.from_sim == from_sim, _c.arrived_at.is_(None))
            # It comes in at another machine than it was sent from, whose clock may be behind.
            .values(arrived_at=case((_c.sent_at > now, _c.sent_at), else_=now))
            .returning(_c.from_sim, _c.to_sim)
        ).first()
        if arrived is None:
            return None
        told = {"from_sim": arrived.from_sim, "to_sim": arrived.to_sim}
        return alerts.end(connection, CANARY_LOST, _way(arrived), told, channels, now) or []


def lose(
    db: Database, sent_before: datetime, channels: Sequence[str], now: datetime
) -> list[tuple[Way, list[str]]]:
    """Give up the canaries sent before then that did not arrive, each with its notices.

    Of the first one on a way operators are told, and not again before one has arrived there.
    """
    with db.write() as connection:
        rows = connection.execute(
            update(canaries)
            .where(_c.arrived_at.is_(None), _c.lost_at.is_(None), _c.sent_at <= sent_before)
            .values(lost_at=now)
            .returning(_c.from_sim, _c.to_sim)
        ).all()
        return [
            (
                Way(row.from_sim, row.to_sim, None, 1),
                alerts.begin(
                    connection,
                    CANARY_LOST,
                    _way(row),
                    {"from_sim": row.from_sim, "to_sim": row.to_sim},
                    channels,
                    now,
                )
                or [],
            )
            for row in rows
        ]


def reserve(db: Database, slot: int, from_sim: str, to_sim: str) -> bool:
    """Take the turn of a slot (its first second since 1970); False if somebody has taken it."""
    with db.write() as connection:
        return insert_missing(connection, canary_turns, slot=slot, from_sim=from_sim, to_sim=to_sim)


def fail_turn(
    db: Database, slot: int, reason: str, channels: Sequence[str], now: datetime
) -> list[str] | None:
    """Write down why a turn's canary could not be sent; the notices of that.

    None if the SIM's turn before failed too: that has been told.
    """
    with db.write() as connection:
        turn = connection.execute(
            update(canary_turns)
            .where(_t.slot == slot)
            .values(reason=reason)
            .returning(_t.from_sim, _t.to_sim)
        ).one()
        before = (
            select(_t.reason)
            .where(_t.from_sim == turn.from_sim, _t.slot < slot)
            .order_by(_t.slot.desc())
            .limit(1)
        )
        if connection.execute(before).scalar() is not None:
            return None
        told = {"from_sim": turn.from_sim, "to_sim": turn.to_sim, "reason": reason}
        return insert_notices(connection, channels, FAILED, told, now)


def newest_sender(db: Database) -> str | None:
    """The SIM that had the last turn."""
    with db.read() as connection:
        return connection.execute(select(_t.from_sim).order_by(_t.slot.desc()).limit(1)).scalar()


def ways(db: Database) -> list[Way]:
    """How canaries fare between each two SIMs."""
    newest = (
        select(_c.from_sim, _c.to_sim, func.max(_c.id).filter(_c.arrived_at.is_not(None)).label("newest"))
        .add_columns(func.count(_c.lost_at).label("lost"))
        .group_by(_c.from_sim, _c.to_sim)
        .subquery()
    )
    statement = select(newest, canaries.c.sent_at, canaries.c.arrived_at).outerjoin(
        canaries, _c.id == newest.c.newest
    )
    with db.read() as connection:
        return [
            Way(
                row.from_sim,
                row.to_sim,
                (row.arrived_at - row.sent_at).total_seconds() if row.arrived_at else None,
                row.lost,
            )
            for row in connection.execute(statement)
        ]


def purge(db: Database, before: datetime) -> int:
    """Delete the canaries sent before then, and the turns."""
    turns = delete_where(db, canary_turns, _t.slot < int(before.timestamp()))
    return turns + delete_where(db, canaries, _c.sent_at <= before)


def _way(row: Row[Any]) -> str:
    return f"{row.from_sim} > {row.to_sim}"
