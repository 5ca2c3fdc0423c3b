"""The breaker: a gateway that is away, or a SIM that was asked to wait, is not hammered.

Its state is in the database, so that all workers share it. While it is open, deliveries wait there too, and
one probe at a time asks whether it may close. A probe is a real message to a real person: probes follow one
another by steps, and at once where the gateway shows life.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from otp_worker.domain.backoff import backoff_seconds
from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.sim import Sim
from otp_worker.store import circuit_breakers
from otp_worker.store import probes as statements
from otp_worker.store.circuit_breakers import BreakerState, GatewayState, SimState
from otp_worker.store.database import Database

FAILURES_TO_OPEN = GatewayState.opens_at
PROBE_STEPS_SECONDS = (1.0, 2.0, 4.0, 7.0)
"""From the end of one probe to the next; with a sweep and a hash between them never more than 8 s."""
PROBE_JITTER = 0.1
CACHE_SECONDS = 0.5


def is_open(state: GatewayState) -> bool:
    """Whether so many outcomes in a row were unavailable that the gateway is taken to be away."""
    return state.is_open


def open_breakers(state: GatewayState, sim: str) -> list[BreakerState]:
    """The breakers that let nothing but a probe pass over a SIM: its own, its gateway's, or both."""
    on_the_way = [state.sims.get(sim), state]
    return [each for each in on_the_way if each is not None and each.is_open]


def closed_by(state: GatewayState, sim: str, due_at: datetime, now: datetime) -> str | None:
    """Why not even a probe may be sent over a SIM; None where one may, if it was due at ``due_at``."""
    waits = [each for each in open_breakers(state, sim) if not each.is_due(due_at, now)]
    return (waits[0].reason or "the gateway is unavailable") if waits else None


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to hand one message over; ``probes`` are those that it is, each taken ``until`` then."""

    sim: Sim
    state: GatewayState
    probes: tuple[BreakerState, ...] = ()
    until: datetime | None = None


@dataclass(slots=True)
class Breaker:
    """The breakers of all gateways and SIMs; a probe that never comes back is replaced after its lease."""

    db: Database
    lease_seconds: float
    chance: Callable[[], float] = random.random
    _cached: dict[str, tuple[float, GatewayState]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def state(self, gateway: str) -> GatewayState:
        """The gateway's state as it is now."""
        return circuit_breakers.read_state(self.db, gateway)

    def away(self, gateway: str) -> str | None:
        """Why a gateway is taken to be away, for people; None if it is not."""
        state = self.state(gateway)
        return (state.reason or "the gateway is unavailable") if is_open(state) else None

    def cached_state(self, gateway: str) -> GatewayState:
        """The gateway's state as it was at most half a second ago: cheap, for what may be a little wrong."""
        with self._lock:
            seen_at, state = self._cached.get(gateway, (float("-inf"), None))
            if state is None or time.monotonic() - seen_at > CACHE_SECONDS:
                state = self.state(gateway)
                self._cached[gateway] = (time.monotonic(), state)
        return state

    def allow(self, state: GatewayState, sim: Sim, due_at: datetime, now: datetime) -> Permit | str:
        """The right to hand a message over, or why there is none.

        While a breaker is open that is its one probe, taken only if it was due at ``due_at``. Whoever does
        not ask the gateway after all must give the permit back.
        """
        until = now + timedelta(seconds=self.lease_seconds)
        permit = Permit(sim, state, until=until)
        for each in open_breakers(state, sim.name):
            if not statements.take_probe(self.db, each, due_at, now, until):
                self.release(permit, now)
                return each.reason or "the gateway is unavailable"
            permit = Permit(sim, state, (*permit.probes, each), until)
        return permit

    def release(self, permit: Permit, now: datetime) -> None:
        """Free the probes of a permit with which nobody was asked."""
        self._free(permit, permit.probes, now)

    def record(self, permit: Permit, outcome: Outcome, now: datetime) -> bool:
        """Learn from an attempt's outcome; whether its SIM lets nothing but a probe pass now."""
        gateway_is_open = self._record_gateway(permit, outcome, now)
        return self._record_sim(permit, outcome, now) or gateway_is_open

    def show_life(self, gateway: str, now: datetime) -> None:
        """The gateway called us, its health came back, or the operator says so: a probe is due at once."""
        # Most callbacks come while all is well.
        if self.cached_state(gateway).any_open:
            statements.note_life(self.db, gateway, now)

    def record_health(self, gateway: str, healthy: bool | None, now: datetime) -> bool:
        """Keep the answer of a gateway that is away to its health question; whether it is well again."""
        was_healthy = self.state(gateway).healthy
        if healthy is not was_healthy:
            statements.record_health(self.db, gateway, healthy)
        is_back = healthy is True and was_healthy is False
        if is_back:
            statements.note_life(self.db, gateway, now)
        return is_back

    def _record_gateway(self, permit: Permit, outcome: Outcome, now: datetime) -> bool:
        state, probed = permit.state, permit.state in permit.probes
        if outcome.kind is OutcomeKind.UNCERTAIN:
            circuit_breakers.note_uncertain(self.db, state)
        if outcome.is_outage or (outcome.kind is OutcomeKind.UNCERTAIN and probed):
            step = self._step_seconds(state.failures - state.opens_at + 1 if probed else 0)
            return self._note_failure(state, outcome, now, step, probed=probed)
        if outcome.kind is OutcomeKind.UNCERTAIN:
            return state.is_open
        if state.failures:
            circuit_breakers.note_success(self.db, state, now)
        return False

    def _record_sim(self, permit: Permit, outcome: Outcome, now: datetime) -> bool:
        """A gateway that asks for fewer messages, or says when to come back, closes the SIM for all."""
        sim = permit.sim
        state = permit.state.sims.get(sim.name) or SimState(sim.name, gateway=sim.gateway)
        probed = state in permit.probes
        if outcome.kind is OutcomeKind.THROTTLED or outcome.retry_after_seconds:
            backoff = backoff_seconds(state.failures + 1, self.chance())
            longest = SimState.longest_wait.total_seconds()
            wait = min(outcome.retry_after_seconds or backoff, longest)
            return self._note_failure(state, outcome, now, wait, probed=probed)
        if outcome.kind in (OutcomeKind.ACCEPTED, OutcomeKind.REFUSED):
            if state.failures:
                circuit_breakers.note_success(self.db, state, now)
            return False
        # Whether the SIM may send again is not known: the gateway gave no answer.
        self._free(permit, [state] if probed else [], now)
        return state.is_open

    def _note_failure(
        self, state: BreakerState, outcome: Outcome, now: datetime, seconds: float, *, probed: bool
    ) -> bool:
        probe_at = now + timedelta(seconds=seconds)
        return circuit_breakers.note_failure(
            self.db, state, probed=probed, now=now, probe_at=probe_at, reason=outcome.reason
        )

    def _step_seconds(self, failed_probes: int) -> float:
        step = PROBE_STEPS_SECONDS[min(failed_probes, len(PROBE_STEPS_SECONDS) - 1)]
        return step * (1 - PROBE_JITTER * self.chance())

    def _free(self, permit: Permit, probes: Sequence[BreakerState], now: datetime) -> None:
        for each in probes:
            if permit.until is not None:
                statements.give_probe_back(self.db, each, permit.until, now)
