"""Statements for what all workers must know of a gateway: is it away, and since when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update

from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import gateways

_g = gateways.c


@dataclass(frozen=True, slots=True)
class GatewayState:
    """A gateway as its last outcomes show it; ``failures`` counts unavailable outcomes in a row."""

    name: str
    failures: int = 0
    failing_since: datetime | None = None
    reason: str | None = None
    probe_at: datetime | None = None
    uncertain_total: int = 0
    misconfigured_since: datetime | None = None


def read_state(db: Database, name: str) -> GatewayState:
    """The state of a gateway; of one that nothing is known of, that it is well."""
    with db.read() as connection:
        row = connection.execute(_READ_STATE, {"this": name}).first()
    if row is None:
        return GatewayState(name)
    return GatewayState(
        name,
        row.failures,
        row.failing_since,
        row.reason,
        row.probe_at,
        row.uncertain_total,
        row.misconfigured_since,
    )


# Made once: every delivery asks.
_READ_STATE = select(gateways).where(_g.name == bindparam("this"))


def note_failure(db: Database, name: str, now: datetime, probe_at: datetime, reason: str) -> int:
    """Count an unavailable outcome and set when to probe next; the number of them in a row."""
    _introduce(db, name)
    with db.update() as connection:
        failures: int = connection.execute(
            update(gateways)
            .where(_g.name == name)
            .values(
                failures=_g.failures + 1,
                failing_since=func.coalesce(_g.failing_since, now),
                reason=reason,
                probe_at=probe_at,
            )
            .returning(_g.failures)
        ).scalar_one()
    return failures


def note_success(db: Database, name: str) -> None:
    """The gateway is well again."""
    with db.update() as connection:
        connection.execute(
            update(gateways)
            .where(_g.name == name)
            .values(failures=0, failing_since=None, reason=None, probe_at=None)
        )


def note_uncertain(db: Database, name: str, probe_at: datetime) -> None:
    """Count an outcome that nobody can be sure of."""
    _introduce(db, name)
    with db.update() as connection:
        connection.execute(
            update(gateways)
            .where(_g.name == name)
            .values(uncertain_total=_g.uncertain_total + 1, probe_at=probe_at)
        )


def take_probe(db: Database, name: str, due_at: datetime, until: datetime) -> bool:
    """Take the right to the one probe, if it was due by then; it falls due again at ``until``."""
    with db.update() as connection:
        taken = connection.execute(
            update(gateways)
            .where(_g.name == name, _g.probe_at <= due_at)
            .values(probe_at=until)
            .returning(_g.name)
        ).first()
    return taken is not None


def _introduce(db: Database, name: str) -> None:
    with db.update() as connection:
        if not connection.execute(select(_g.name).where(_g.name == name)).first():
            insert_missing(connection, gateways, name=name, failures=0, uncertain_total=0)
