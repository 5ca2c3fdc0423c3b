"""Statements for the probe of an open breaker: who may ask, and what brings the next question forward."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, or_, update

from otp_worker.store.circuit_breakers import BreakerState
from otp_worker.store.database import Database
from otp_worker.store.schema import gateways, sim_breakers

_g, _s = gateways.c, sim_breakers.c

BETWEEN_SIGNS = timedelta(seconds=1)
"""Signs of life bring no probe forward that would follow the last one sooner than this."""
LONG_DUE = timedelta(minutes=1)
"""After a sign of life a probe has been due for so long that it is not put off."""


def take_probe(db: Database, state: BreakerState, due_at: datetime, now: datetime, until: datetime) -> bool:
    """Take the right to the one probe, if it was due at ``due_at``; it falls due again at ``until``."""
    c = state.table.c
    due = or_(c.probe_at <= due_at, c.probe_at > now + state.longest_wait)
    with db.update() as connection:
        taken = connection.execute(
            update(state.table).where(state.row, due).values(probe_at=until, probed_at=now).returning(c.name)
        ).first()
    return taken is not None


def give_probe_back(db: Database, state: BreakerState, until: datetime, now: datetime) -> None:
    """Let another worker have the probe at once: it was taken until then, and nobody was asked."""
    c = state.table.c
    with db.update() as connection:
        connection.execute(
            update(state.table).where(state.row, c.probe_at == until).values(probe_at=now, probed_at=None)
        )


def record_health(db: Database, gateway: str, healthy: bool | None) -> None:
    """Keep the answer to the health question of a gateway that is away."""
    with db.update() as connection:
        connection.execute(
            update(gateways)
            .where(_g.name == gateway, _g.healthy.is_distinct_from(healthy))
            .values(healthy=healthy)
        )


def note_life(db: Database, gateway: str, now: datetime) -> None:
    """The gateway shows life: a probe of it and of each of its SIMs is due at once."""
    due = {"probe_at": now - LONG_DUE}
    with db.write() as connection:
        connection.execute(
            update(gateways).where(_g.name == gateway, _waits(gateways, now)).values(due | {"healthy": None})
        )
        connection.execute(
            update(sim_breakers).where(_s.gateway == gateway, _waits(sim_breakers, now)).values(due)
        )


def _waits(table: Table, now: datetime) -> ColumnElement[bool]:
    """Whether a breaker's probe is yet to come, and its last one a while ago."""
    c = table.c
    long_ago = or_(c.probed_at.is_(None), c.probed_at <= now - BETWEEN_SIGNS, c.probed_at > now)
    return (c.probe_at > now) & long_ago
