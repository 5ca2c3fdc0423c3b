"""What can be told of an SMS that is not sent yet: how long the phone is offline, whose turn is first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from otp_worker.domain.quiet_hours import QUIET
from otp_worker.domain.sim import SANDBOX, Sim, Sims
from otp_worker.domain.verification import Delivery, DeliveryStatus
from otp_worker.protection.circuit_breaker import Breaker, open_breakers
from otp_worker.store import verifications
from otp_worker.store.circuit_breakers import BreakerState, GatewayState
from otp_worker.store.connection_errors import DatabaseError
from otp_worker.store.database import Database

log = structlog.get_logger()

FAR = 10_000
"""A position further back than this is told as this."""


@dataclass(frozen=True, slots=True)
class WaitEstimate:
    """Where a waiting delivery stands; ``expected_at`` is None where nobody can know."""

    offline_since: datetime | None
    position: int
    expected_at: datetime | None


@dataclass(frozen=True, slots=True)
class WaitEstimates:
    """Looks ahead for deliveries, by the SIMs that serve their countries."""

    db: Database
    breaker: Breaker
    sims: Sims

    def away(self, route: str) -> BreakerState | None:
        """Of the breakers on the ways to a route the one that has been open longest, if no way is without."""
        ways = [
            open_breakers(self.breaker.cached_state(sim.gateway), sim.name) for sim in self._serving(route)
        ]
        if not ways or not all(ways):
            return None
        states = [state for way in ways for state in way]
        return min(states, key=lambda state: (state.failing_since is None, state.failing_since))

    def of(self, delivery: Delivery, now: datetime) -> WaitEstimate | None:
        """How a delivery that waits for a SIM stands; None for any other, or where nobody can say."""
        if delivery.status is not DeliveryStatus.WAITING or delivery.reason == QUIET:
            return None
        try:
            return self._wait(delivery, now)
        except DatabaseError as error:
            # Who asks has been promised the SMS already: that nobody knows when is no reason to say no.
            log.warning("outlook_unknown", error=type(error).__name__)
            return None

    def _wait(self, delivery: Delivery, now: datetime) -> WaitEstimate:
        before = verifications.waiting_before(
            self.db, delivery.route, delivery.deadline_at, FAR, delivery.priority
        )
        position = before + 1
        failing = [state.failing_since for state in self._states(self._serving(delivery.route))]
        since = [instant for instant in failing if instant is not None]
        offline_since = min(since) if since and len(since) == len(failing) else None
        pace = self._pace(delivery.route)
        return WaitEstimate(
            offline_since, position, now + timedelta(minutes=position / pace) if pace else None
        )

    def _pace(self, route: str) -> int:
        """SMS a minute of the SIMs that can send by a route; 0 where that cannot be told."""
        paces = [
            sim.pace_per_minute
            for sim in self._serving(route)
            if not open_breakers(self.breaker.cached_state(sim.gateway), sim.name)
        ]
        return sum(paces) if all(paces) else 0

    def _serving(self, route: str) -> list[Sim]:
        return [] if route == SANDBOX else self.sims.serving(route)

    def _states(self, serving: list[Sim]) -> list[GatewayState]:
        return [self.breaker.cached_state(gateway) for gateway in {sim.gateway for sim in serving}]
