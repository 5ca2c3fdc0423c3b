"""Whether the service can work, and if not, why."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from otp_worker.domain.errors import BrokerAwayError, DatabaseAwayError, SchemaNotCurrentError
from otp_worker.domain.pumping import PumpedKind
from otp_worker.domain.sim import Sims
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.protection.circuit_breaker import Breaker, is_open
from otp_worker.store import expire, pauses, sweeps
from otp_worker.store.canaries import Way, ways
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.database import Database
from otp_worker.store.migrate import check_current
from otp_worker.store.phones import Phone, phones
from otp_worker.store.sim_budgets import Usage, usage
from otp_worker.store.sweeps import SWEEP

SWEEP_STALE_SECONDS = 30
WORKERS_STALE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One thing that must work, with the reason where it does not."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Vitals:
    """The figures that tell an operator how sending goes; ages in seconds."""

    open_deliveries: dict[DeliveryStatus, int]
    oldest_due_seconds: float
    last_sweep_seconds: float | None
    gateways: list[GatewayState]
    sims: list[Usage]
    phones: list[Phone]
    canaries: list[Way]
    paused: dict[PumpedKind, int]


@dataclass(frozen=True, slots=True)
class Health:
    """Asks each part that a send depends on; ``check_broker`` raises BrokerAwayError, or tells how many
    deliveries the queue holds."""

    db: Database
    check_broker: Callable[[], int]
    breaker: Breaker
    sims: Sims

    def checks(self, now: datetime) -> list[HealthCheck]:
        """The database and the broker, and with the database's help beat, the workers and the phone."""
        database = self._database()
        checks = [database, self._broker()]
        if database.ok:
            vitals = self.vitals(now)
            checks += [_sweep(vitals), _workers(vitals), *_phones(vitals)]
        return checks

    def vitals(self, now: datetime) -> Vitals:
        """The figures as they are now."""
        oldest = expire.oldest_due(self.db, now)
        swept_at = sweeps.last_sweep(self.db, SWEEP)
        return Vitals(
            open_deliveries=expire.count_open(self.db),
            oldest_due_seconds=(now - oldest).total_seconds() if oldest else 0.0,
            last_sweep_seconds=(now - swept_at).total_seconds() if swept_at else None,
            gateways=[self.breaker.look(name) for name in self.sims.gateways],
            sims=usage(self.db, self.sims.all, now),
            canaries=ways(self.db),
            phones=phones(self.db, list(self.sims.gateways)),
            paused=Counter(each.kind for each in pauses.active_pauses(self.db, now)),
        )

    def _database(self) -> HealthCheck:
        try:
            check_current(self.db)
        except SchemaNotCurrentError as error:
            return HealthCheck("database", False, str(error))
        except DatabaseAwayError as error:
            return HealthCheck("database", False, str(error).partition(": ")[2])
        return HealthCheck("database", True, "answers, schema current")

    def _broker(self) -> HealthCheck:
        try:
            waiting = self.check_broker()
        except BrokerAwayError as error:
            return HealthCheck("broker", False, str(error))
        return HealthCheck("broker", True, f"answers, {waiting} deliveries queued")


def _sweep(vitals: Vitals) -> HealthCheck:
    age = vitals.last_sweep_seconds
    if age is None:
        return HealthCheck("sweep", False, "never ran: start beat and upkeep")
    if age > SWEEP_STALE_SECONDS:
        return HealthCheck("sweep", False, f"last ran {age:.0f} s ago: are beat and upkeep running?")
    return HealthCheck("sweep", True, f"last ran {max(age, 0):.0f} s ago")


def _workers(vitals: Vitals) -> HealthCheck:
    age = vitals.oldest_due_seconds
    if age > WORKERS_STALE_SECONDS:
        detail = f"a delivery has been due for {age:.0f} s: are workers running, and enough of them?"
        return HealthCheck("workers", False, detail)
    return HealthCheck("workers", True, f"the oldest due delivery waits since {age:.0f} s")


def _phones(vitals: Vitals) -> list[HealthCheck]:
    # Requests are still accepted and wait for a phone: this is told, and does not make us unready.
    waiting = vitals.open_deliveries[DeliveryStatus.WAITING]
    return [
        HealthCheck("phone", True, _phone(state, phone, waiting))
        for state, phone in zip(vitals.gateways, vitals.phones, strict=True)
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
