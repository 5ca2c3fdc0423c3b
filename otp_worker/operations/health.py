"""Whether the service can work, and if not, why."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum

from otp_worker.domain import request_deadline
from otp_worker.domain.errors import BrokerUnavailableError
from otp_worker.domain.ports import Clock
from otp_worker.domain.pumping import PumpedKind
from otp_worker.domain.sim import Sims
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.operations.heartbeat import WORKER
from otp_worker.operations.write_probe import WriteProbe
from otp_worker.protection.circuit_breaker import Breaker, is_open
from otp_worker.store import deliveries, notifications, pauses, sweeps
from otp_worker.store.canaries import Way, ways
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.connection_errors import DatabaseError, write_cause_of
from otp_worker.store.database import Database
from otp_worker.store.phones import Phone, phones
from otp_worker.store.sim_budgets import Usage, usage
from otp_worker.store.sweeps import SWEEP

SWEEP_STALE_SECONDS = 60
WORKERS_STALE_SECONDS = 60
READ_SECONDS = 2.0
"""So long the reads of readiness are waited for together, as its write is: a balancer asks often."""
SLOW_SECONDS = 30


class Audience(StrEnum):
    """Who asks whether the service is ready: a balancer before ``web``, a worker's runner, or an operator."""

    WEB = "web"
    WORKER = "worker"
    ALL = "all"


_BLOCKING = {
    Audience.WEB: {"database"},
    Audience.WORKER: {"database", "broker"},
    Audience.ALL: {"database", "sweep", "workers"},
}
"""What nothing goes on without, for each of them; all else is reported and blocks nobody."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One thing that must work, with the reason where it does not, and whether that blocks who asked."""

    name: str
    ok: bool
    detail: str
    blocking: bool = False


@dataclass(frozen=True, slots=True)
class Signs:
    """What readiness is told by; ages in seconds. It costs the same however much was sent."""

    open_deliveries: dict[DeliveryStatus, int]
    oldest_due_seconds: float
    last_sweep_seconds: float | None
    last_worker_seconds: float | None
    gateways: list[GatewayState]
    phones: list[Phone]


@dataclass(frozen=True, slots=True)
class Vitals(Signs):
    """The figures that tell an operator how sending goes.

    ``notice_channels`` are those that were ever used, and whether each takes nothing now.
    """

    sims: list[Usage]
    paused: dict[PumpedKind, int]
    notice_channels: dict[str, bool]


@dataclass(frozen=True, slots=True)
class Health:
    """Asks each part that a send depends on.

    ``check_broker`` raises BrokerUnavailableError, or tells how many deliveries the queue holds. Workers of
    the versions that ``older_may_run`` asks for report to nobody.
    """

    db: Database
    check_broker: Callable[[], int]
    breaker: Breaker
    sims: Sims
    probe: WriteProbe
    older_may_run: Callable[[], bool] = lambda: False

    def checks(self, clock: Clock, audience: Audience = Audience.ALL) -> list[HealthCheck]:
        """The database and the broker, and with the database's help beat, the workers and the phones.

        ``clock`` is the database's: what it is compared with, several machines wrote down.
        """
        checks = [self._database(), self._broker()]
        if checks[0].ok:
            try:
                with request_deadline.until(time.monotonic() + READ_SECONDS):
                    signs = self._signs(clock())
                checks += [*self.running(signs), _deliveries(signs), *_phones(signs)]
            except DatabaseError as error:
                checks[0] = HealthCheck("database", False, f"does not answer: {write_cause_of(error)}")
        return [replace(check, blocking=check.name in _BLOCKING[audience]) for check in checks]

    def vitals(self, now: datetime) -> Vitals:
        """The figures as they are now."""
        signs = self._signs(now)
        return Vitals(
            **{each.name: getattr(signs, each.name) for each in fields(Signs)},
            sims=usage(self.db, self.sims.all, now),
            paused=Counter(each.kind for each in pauses.active_pauses(self.db, now)),
            notice_channels=notifications.channel_states(self.db),
        )

    def canary_ways(self) -> list[Way]:
        """How canaries fare between each two SIMs, by all that are kept."""
        return ways(self.db)

    def _signs(self, now: datetime) -> Signs:
        oldest = deliveries.oldest_due(self.db, now)
        return Signs(
            open_deliveries=deliveries.count_open(self.db),
            oldest_due_seconds=(now - oldest).total_seconds() if oldest else 0.0,
            last_sweep_seconds=self._since(SWEEP, now),
            last_worker_seconds=self._since(WORKER, now),
            gateways=[self.breaker.state(name) for name in self.sims.gateways],
            phones=phones(self.db, list(self.sims.gateways)),
        )

    def running(self, signs: Signs) -> tuple[HealthCheck, HealthCheck]:
        """Whether beat with upkeep, and whether a worker, were seen lately."""
        return _sweep(signs), _workers(signs, self.older_may_run())

    def _since(self, name: str, now: datetime) -> float | None:
        at = sweeps.last_sweep(self.db, name)
        return (now - at).total_seconds() if at else None

    def _database(self) -> HealthCheck:
        failure = self.probe.failure()
        return HealthCheck("database", failure is None, failure or "takes rows, schema current")

    def _broker(self) -> HealthCheck:
        try:
            waiting = self.check_broker()
        except BrokerUnavailableError as error:
            return HealthCheck("broker", False, str(error))
        return HealthCheck("broker", True, f"answers, {waiting} deliveries queued")


def _sweep(signs: Signs) -> HealthCheck:
    age = signs.last_sweep_seconds
    if age is None:
        return HealthCheck("sweep", False, "never ran: start beat and upkeep")
    if abs(age) > SWEEP_STALE_SECONDS:
        return HealthCheck("sweep", False, f"{_last('ran', age)}: are beat and upkeep running?")
    return HealthCheck("sweep", True, f"last ran {max(age, 0):.0f} s ago")


def _workers(signs: Signs, older_may_run: bool) -> HealthCheck:
    age, due = signs.last_worker_seconds, signs.oldest_due_seconds
    if age is not None and abs(age) <= WORKERS_STALE_SECONDS:
        return HealthCheck("workers", True, f"one reported {max(age, 0):.0f} s ago")
    if older_may_run and due <= SLOW_SECONDS:
        return HealthCheck("workers", True, "none of this version reports, and nothing waits for one")
    if age is None:
        return HealthCheck("workers", False, "none has run: start worker")
    return HealthCheck("workers", False, f"one {_last('reported', age)}: is worker running?")


def _deliveries(signs: Signs) -> HealthCheck:
    due = signs.oldest_due_seconds
    if due > SLOW_SECONDS:
        detail = f"a delivery has been due for {due:.0f} s: are there workers enough?"
        return HealthCheck("deliveries", False, detail)
    return HealthCheck("deliveries", True, f"the oldest due delivery waits since {due:.0f} s")


def _last(did: str, age: float) -> str:
    # What goes on is written down every few seconds: an instant to come is of a clock that was set back.
    return f"last {did} {age:.0f} s ago" if age > 0 else f"last {did} by a clock that was {-age:.0f} s ahead"


def _phones(signs: Signs) -> list[HealthCheck]:
    # Requests are still accepted and wait for a phone: this is told, and does not make us unready.
    waiting = signs.open_deliveries[DeliveryStatus.WAITING]
    return [
        HealthCheck("phone", not (is_open(state) or phone.silent), _phone(state, phone, waiting))
        for state, phone in zip(signs.gateways, signs.phones, strict=True)
    ]


def _phone(state: GatewayState, phone: Phone, waiting: int) -> str:
    if state.misconfigured_since is not None:
        return (
            f"{state.name} refuses our account since {state.misconfigured_since:%H:%M:%S}Z ({state.reason})"
        )
    if not is_open(state):
        said = f"{state.name} is silent" if phone.silent else f"{state.name} was not seen offline"
        return said if phone.battery_percent is None else f"{said}, battery {phone.battery_percent:.0f} %"
    return f"{state.name} offline since {state.failing_since:%H:%M:%S}Z ({state.reason}), {waiting} waiting"
