"""Choose the SIM of a delivery: the first that may send now, with its budgets' reservation and a permit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from otp_worker.domain.gateway import Gateway, Outcome
from otp_worker.domain.sim import Sim, Sims, order
from otp_worker.domain.verification import EMAIL_ROUTE
from otp_worker.protection.circuit_breaker import Breaker, Permit, closed_by, open_breakers
from otp_worker.store.database import Database
from otp_worker.store.job import Job, Via
from otp_worker.store.sim_budgets import Reservation, release, reserve, without_turn

OTHERS_SERVE = timedelta(seconds=10)
"""A SIM whose breaker is open is asked so much less often while another one can send."""

FEW = 3
"""So many SIMs are asked one after another, a transaction each; of more, one look tells which are full."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A SIM that may be asked now; where a message over it would be a probe, if that was due by then."""

    sim: Sim
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Way:
    """A gateway, and the SIM behind it whose turn and permit were taken; a test key's has no SIM."""

    gateway: Gateway
    sim: Sim | None = None
    turn: Reservation | None = None
    permit: Permit | None = None

    @property
    def via(self) -> Via:
        """What the delivery remembers of it."""
        return Via(self.gateway.name, self.sim.name if self.sim else None)


@dataclass(frozen=True, slots=True)
class Router:
    """Chooses SIMs, and gives back what was taken from those that were not asked."""

    db: Database
    sims: Sims
    breaker: Breaker

    def candidates(self, job: Job, now: datetime) -> list[Candidate] | str:
        """The SIMs that may be asked now, in the order in which to try them; or why there is none.

        Nothing is taken yet: what costs time comes between this and ``take``.
        """
        found, reasons = [], []
        for sim in self._serving(job):
            if not sim.works_at(now):
                reasons.append(f"{sim.name} works {sim.hours}")
                continue
            state = self.breaker.state(sim.gateway)
            reason = closed_by(state, sim.name, now, now)
            if reason is None:
                long_due = closed_by(state, sim.name, now - OTHERS_SERVE, now) is None
                found.append(Candidate(sim, now - OTHERS_SERVE if long_due else now))
            else:
                reasons.append(reason)
        # Nobody's message is a probe while another SIM can send it, but for one in a while: last come SIMs
        # whose probe became due in these seconds. A SIM whose breaker is closed was always due.
        in_order = sorted(found, key=lambda each: each.due_at == now)
        return in_order or _joined(reasons or [_nobody_serves(job)])

    def take(self, candidates: Sequence[Candidate], job: Job, now: datetime) -> Way | str:
        """A turn at the first SIM that has one, and last of all its permit; or why none has."""
        reasons = []
        full = without_turn(self.db, [each.sim for each in candidates], now) if len(candidates) > FEW else {}
        for each in candidates:
            # A breaker may have opened while the code was made.
            state = self.breaker.state(each.sim.gateway)
            reason = closed_by(state, each.sim.name, each.due_at, now)
            if reason is not None:
                reasons.append(reason)
                continue
            paced = not open_breakers(state, each.sim.name)
            known = full.get(each.sim.name) if paced else None
            turn = known or reserve(self.db, each.sim, job.number_hash, now, paced=paced)
            if isinstance(turn, str):
                reasons.append(turn)
                continue
            permit = self.breaker.allow(state, each.sim, each.due_at, now)
            if isinstance(permit, Permit):
                return Way(self.sims.gateway_of(each.sim), each.sim, turn, permit)
            release(self.db, turn)
            reasons.append(permit)
        return _joined(reasons)

    def release(self, way: Way, now: datetime) -> None:
        """Nobody was asked: another delivery may have the turn, and be the probe."""
        if way.permit is not None:
            self.breaker.release(way.permit, now)
        self.give_turn_back(way)

    def give_turn_back(self, way: Way) -> None:
        """No SMS came of it: the turn counts for no budget."""
        if way.turn is not None:
            release(self.db, way.turn)

    def record(self, way: Way, outcome: Outcome, now: datetime) -> bool:
        """Learn from what came of asking; whether the SIM lets nothing but a probe pass now."""
        return way.permit is not None and self.breaker.record(way.permit, outcome, now)

    def _serving(self, job: Job) -> list[Sim]:
        if job.uncertain and job.sim:
            # It may have been sent already: only the gateway that may know it is asked again.
            return [sim for sim in self.sims.all if sim.name == job.sim]
        avoid = {*job.earlier_sims, *filter(None, [job.sim])}
        return order(self.sims.serving(_destination(job)), job.number_hash, avoid=avoid)


def _destination(job: Job) -> str:
    return EMAIL_ROUTE if job.goes_by_email else job.country


def _nobody_serves(job: Job) -> str:
    if job.goes_by_email:
        return "no mail server: OTP_EMAIL_CODES is off where the workers run"
    return f"no SIM serves {job.country}"


def _joined(reasons: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(reasons))
