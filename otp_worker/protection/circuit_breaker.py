"""The breaker: a gateway whose phone is offline is not hammered; one probe at a time asks whether it is back.

Its state is in the database, so that all workers share it. While it is open, deliveries wait there too.
"""

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.store import circuit_breakers
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.database import Database

FAILURES_TO_OPEN = 3
PROBE_SECONDS = 0.5
GLANCE_SECONDS = 0.5


def is_open(state: GatewayState) -> bool:
    """Whether so many outcomes in a row were unavailable that the gateway is taken to be away."""
    return state.failures >= FAILURES_TO_OPEN


def probe_is_due(state: GatewayState, at: datetime) -> bool:
    """Whether a gateway that is away may be asked at that instant whether it is back."""
    return state.probe_at is None or state.probe_at <= at


@dataclass(slots=True)
class Breaker:
    """The breakers of all gateways, by name; a probe that never comes back is replaced after its lease."""

    db: Database
    lease_seconds: float
    _glances: dict[str, tuple[float, GatewayState]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, gateway: str) -> GatewayState:
        """The gateway's state as it is now."""
        return circuit_breakers.read_state(self.db, gateway)

    def away(self, gateway: str) -> str | None:
        """Why a gateway is taken to be away, for people; None if it is not."""
        state = self.look(gateway)
        return (state.reason or "the gateway is unavailable") if is_open(state) else None

    def glance(self, gateway: str) -> GatewayState:
        """The gateway's state as it was at most half a second ago: cheap, for what may be a little wrong."""
        with self._lock:
            seen_at, state = self._glances.get(gateway, (float("-inf"), None))
            if state is None or time.monotonic() - seen_at > GLANCE_SECONDS:
                state = self.look(gateway)
                self._glances[gateway] = (time.monotonic(), state)
        return state

    def lets_through(self, state: GatewayState, due_at: datetime, now: datetime) -> bool:
        """Whether a delivery may be tried now; while the gateway is away, only as its one probe.

        The probe is taken only if it was due at ``due_at``.
        """
        if not is_open(state):
            return True
        return circuit_breakers.take_probe(
            self.db, state.name, due_at, now + timedelta(seconds=self.lease_seconds)
        )

    def note(self, state: GatewayState, outcome: Outcome, now: datetime) -> bool:
        """Learn from an attempt's outcome; whether the gateway is now taken to be away."""
        probe_at = now + timedelta(seconds=PROBE_SECONDS)
        if outcome.is_outage:
            failures = circuit_breakers.note_failure(self.db, state.name, now, probe_at, outcome.reason)
            return failures >= FAILURES_TO_OPEN
        if outcome.kind is OutcomeKind.UNCERTAIN:
            circuit_breakers.note_uncertain(self.db, state.name, probe_at)
            return is_open(state)
        if state.failures:
            circuit_breakers.note_success(self.db, state.name)
        return False
