"""Statements for the breakers: a row for each gateway, and one for each SIM that was asked to wait.

All workers share them. A breaker is open once it has counted so many failures in a row; while it is open,
one message at a time, the probe, is let through.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Table, bindparam, func, select, update

from otp_worker.domain.step import Step, StepKind, milliseconds
from otp_worker.store import steps
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import gateways, sim_breakers

_g, _s = gateways.c, sim_breakers.c


@dataclass(frozen=True, slots=True)
class BreakerState:
    """A breaker as its last outcomes left it; ``failures`` are counted in a row.

    ``probe_at`` is when the next probe is due, ``longest_wait`` ahead at most: what lies further ahead was
    written by a clock that was wrong, and is due.
    """

    table: ClassVar[Table]
    opens_at: ClassVar[int]
    longest_wait: ClassVar[timedelta]

    name: str
    failures: int = 0
    failing_since: datetime | None = None
    reason: str | None = None
    probe_at: datetime | None = None

    @property
    def whose(self) -> dict[str, Any]:
        """What a step of it names."""
        return {"gateway": self.name}

    @property
    def is_open(self) -> bool:
        """Whether nothing but a probe is let through."""
        return self.failures >= self.opens_at

    @property
    def row(self) -> ColumnElement[bool]:
        """Which row of the table it is."""
        return self.table.c.name == self.name

    def is_due(self, at: datetime, now: datetime) -> bool:
        """Whether its probe was due at an instant that is not after ``now``."""
        return self.probe_at is None or self.probe_at <= at or self.probe_at > now + self.longest_wait


@dataclass(frozen=True, slots=True)
class SimState(BreakerState):
    """The breaker of a SIM, which opens when its gateway asks for fewer messages or for a wait."""

    table = sim_breakers
    opens_at = 1
    longest_wait = timedelta(minutes=10)

    gateway: str = ""

    @property
    def whose(self) -> dict[str, Any]:
        """What a step of it names."""
        return {"gateway": self.gateway, "sim": self.name}

    @property
    def row(self) -> ColumnElement[bool]:
        """Which row of the table it is."""
        return (_s.gateway == self.gateway) & (_s.name == self.name)


@dataclass(frozen=True, slots=True)
class GatewayState(BreakerState):
    """The breaker of a gateway, which opens when it is unavailable, and those of its SIMs by their names.

    ``healthy`` is the last answer to its health question since it is away; None where it has not been asked,
    or only a real message can tell.
    """

    table = gateways
    opens_at = 3
    longest_wait = timedelta(minutes=2)

    uncertain_total: int = 0
    misconfigured_since: datetime | None = None
    healthy: bool | None = None
    sims: Mapping[str, SimState] = field(default_factory=dict)

    @property
    def any_open(self) -> bool:
        """Whether its breaker or that of one of its SIMs is open."""
        return self.is_open or any(sim.is_open for sim in self.sims.values())

    def is_due(self, at: datetime, now: datetime) -> bool:
        """Whether its probe was due then; never while the gateway itself says that it is not well."""
        return self.healthy is not False and BreakerState.is_due(self, at, now)


def read_state(db: Database, name: str) -> GatewayState:
    """The state of a gateway and its SIMs; of what nothing is known of, that it is well."""
    with db.read() as connection:
        rows = connection.execute(_READ_STATE, {"this": name}).all()
    if not rows:
        return GatewayState(name)
    sims = {
        row.sim: SimState(
            row.sim, row.sim_failures, row.sim_failing_since, row.sim_reason, row.sim_probe_at, name
        )
        for row in rows
        if row.sim is not None
    }
    one = rows[0]
    return GatewayState(
        name,
        one.failures,
        one.failing_since,
        one.reason,
        one.probe_at,
        uncertain_total=one.uncertain_total,
        healthy=one.healthy,
        sims=sims,
        misconfigured_since=one.misconfigured_since,
    )


# Made once: every delivery asks.
_READ_STATE = (
    select(
        gateways,
        _s.name.label("sim"),
        _s.failures.label("sim_failures"),
        _s.failing_since.label("sim_failing_since"),
        _s.reason.label("sim_reason"),
        _s.probe_at.label("sim_probe_at"),
    )
    .select_from(gateways.outerjoin(sim_breakers, _s.gateway == _g.name))
    .where(_g.name == bindparam("this"))
)


def note_failure(
    db: Database, state: BreakerState, *, probed: bool, now: datetime, probe_at: datetime, reason: str
) -> bool:
    """Count a failure and set when to probe next; whether the breaker is now open.

    What was on its way when the breaker opened says nothing new: while it is open only its probe counts.
    """
    _introduce(db, state)
    c = state.table.c
    unasked = {} if probed or isinstance(state, SimState) else {"healthy": None}
    counts = c.failures >= state.opens_at if probed else c.failures < state.opens_at
    with db.write() as connection:
        failures = connection.execute(
            update(state.table)
            .where(state.row, counts)
            .values(
                failures=c.failures + 1,
                failing_since=func.coalesce(c.failing_since, now),
                reason=reason,
                probe_at=probe_at,
                **unasked,
            )
            .returning(c.failures)
        ).scalar()
        if failures == state.opens_at and not probed:
            steps.write(connection, [opened(state, now, reason)])
    return not probed if failures is None else failures >= state.opens_at


def note_success(db: Database, state: BreakerState, now: datetime) -> None:
    """The gateway, or the SIM, is well again."""
    c = state.table.c
    well: dict[str, object] = {"failures": 0, "failing_since": None, "reason": None, "probe_at": None}
    if isinstance(state, GatewayState):
        well["healthy"] = None
    with db.write() as connection:
        before = connection.execute(
            select(c.failures, c.failing_since).where(state.row).with_for_update()
        ).first()
        connection.execute(update(state.table).where(state.row).values(well))
        if before is not None and before.failures >= state.opens_at:
            in_vain = before.failures - state.opens_at
            steps.write(connection, [closed(state, before.failing_since or now, in_vain, now)])


def note_uncertain(db: Database, state: GatewayState) -> None:
    """Count an outcome that nobody can be sure of."""
    _introduce(db, state)
    with db.update() as connection:
        connection.execute(
            update(gateways).where(_g.name == state.name).values(uncertain_total=_g.uncertain_total + 1)
        )


def opened(state: BreakerState, now: datetime, reason: str) -> Step:
    """The step that a breaker opened."""
    return Step(now, StepKind.BREAKER_OPENED, **state.whose, detail=reason)


def closed(state: BreakerState, since: datetime, probes: int, now: datetime) -> Step:
    """The step that a breaker closed, after so many probes in vain."""
    away = milliseconds(since, now)
    return Step(now, StepKind.BREAKER_CLOSED, **state.whose, milliseconds=away, count=probes)


def _introduce(db: Database, state: BreakerState) -> None:
    with db.update() as connection:
        if connection.execute(select(state.table.c.name).where(state.row)).first():
            return
        if isinstance(state, SimState):
            # A SIM's state is read with its gateway's.
            insert_missing(connection, gateways, name=state.gateway, failures=0, uncertain_total=0)
            insert_missing(connection, sim_breakers, name=state.name, gateway=state.gateway, failures=0)
        else:
            insert_missing(connection, gateways, name=state.name, failures=0, uncertain_total=0)
