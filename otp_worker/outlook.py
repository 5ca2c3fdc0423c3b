"""What can be told of an SMS that is not sent yet: how long the phone is offline, whose turn is first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from otp_worker.breaker import Breaker, is_open
from otp_worker.model import Delivery, DeliveryStatus
from otp_worker.store import reading
from otp_worker.store.database import Database
from otp_worker.store.gateways import GatewayState

FAR = 10_000
"""A position further back than this is told as this."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Where a waiting delivery stands; ``expected_at`` is None where nobody can know."""

    offline_since: datetime | None
    position: int
    expected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Looks ahead for the deliveries of one gateway."""

    db: Database
    breaker: Breaker
    gateway: str
    pace_per_minute: int

    def away(self) -> GatewayState | None:
        """The gateway's state if it is taken to be away."""
        state = self.breaker.glance(self.gateway)
        return state if is_open(state) else None

    def of(self, delivery: Delivery, now: datetime) -> Wait | None:
        """How a delivery that waits for the gateway stands; None for any other."""
        if delivery.status is not DeliveryStatus.WAITING:
            return None
        state = self.breaker.glance(self.gateway)
        position = reading.waiting_before(self.db, delivery.deadline_at, FAR) + 1
        return Wait(state.failing_since, position, self._expected_at(state, position, now))

    def _expected_at(self, state: GatewayState, position: int, now: datetime) -> datetime | None:
        if is_open(state) or not self.pace_per_minute:
            return None
        return now + timedelta(minutes=position / self.pace_per_minute)
