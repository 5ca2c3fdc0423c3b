"""Step 2, deliver: claim a delivery, make its code, hand it to a gateway, and settle what came of it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from otp_worker.deliver.lease import Lease
from otp_worker.deliver.receipt_poller import first_poll_at
from otp_worker.deliver.retry import GiveUp, RetryAt, decide
from otp_worker.domain.errors import OptedOutError
from otp_worker.domain.gateway import Gateway, Message, Outcome, OutcomeKind
from otp_worker.domain.keyring import Keyring, UnknownKeyError
from otp_worker.domain.passcode import UnknownDerivationError, derive_code, hash_code, parse_derivation
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Clock
from otp_worker.domain.route import order
from otp_worker.domain.sim import Sim, Sims, UncertainPolicy
from otp_worker.domain.sms_text import compose
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.protection.circuit_breaker import Breaker, is_open, probe_is_due
from otp_worker.store import claims, misconfigured, opt_outs, receipts
from otp_worker.store import deliver as statements
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.database import Database
from otp_worker.store.deliver import Job, Via
from otp_worker.store.persistence import Written, persist
from otp_worker.store.sim_budgets import Turn, give_back, take_turn

log = structlog.get_logger()

MAX_ABANDONED = 3
OTHERS_SERVE = timedelta(seconds=10)
"""A gateway that is away is asked so much less often while another one can send."""

TEST_KEY = "test"
TEST_CODE = "1234567890"
"""A test key's verification has the first digits of this as its code."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The delivery is settled, or was not this worker's; ``note`` says which, for people."""

    note: str


@dataclass(frozen=True, slots=True)
class _Way:
    """A SIM whose turn was taken, and what was known of its gateway; a rehearsal's has neither."""

    gateway: Gateway
    sim: Sim | None = None
    turn: Turn | None = None
    state: GatewayState | None = None

    @property
    def via(self) -> Via:
        return Via(self.gateway.name, self.sim.name if self.sim else None)


@dataclass(frozen=True, slots=True)
class Deliverer:
    """The second step with all it needs; ``callback_url`` makes the URL for a delivery's receipts.

    ``channels`` are told when a gateway refuses our account.
    """

    db: Database
    keyring: Keyring
    policy: Policy
    sims: Sims
    rehearsal: Gateway
    breaker: Breaker
    callback_url: Callable[[str, str], str | None]
    clock: Clock
    chance: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    channels: tuple[str, ...] = ()

    def deliver(self, delivery_id: str) -> Delivered | RetryAt:
        """Make one attempt; the answer is that it is settled, or when to try again."""
        lease = Lease(self.clock, self.policy.lease_seconds, self.monotonic)
        job = statements.claim(self.db, delivery_id, lease.claimed_at, lease.seconds)
        if job is None:
            return self._not_claimed(delivery_id)
        if job.abandoned >= MAX_ABANDONED:
            # Every attempt so far took its worker down with it; it must not take them all.
            return self._give_up(job, None, DeliveryStatus.FAILED, "given up: its attempts never ended")
        if job.test:
            return self._attempt(job, _Way(self.rehearsal), lease)
        try:
            # Intake asks too, but a STOP can come after its answer, or between two attempts.
            opt_outs.refuse_opted_out(self.db, self.keyring.number_hashes(job.number))
        except OptedOutError:
            return self._give_up(job, None, DeliveryStatus.FAILED, opt_outs.WANTS_NO_SMS)
        way = self._choose(job)
        if isinstance(way, str):
            return self._park(job, way)
        return self._attempt(job, way, lease)

    def _not_claimed(self, delivery_id: str) -> Delivered | RetryAt:
        """A message that came early waits for its time: the clock that set it may be ahead of this one."""
        due_at = claims.due_at(self.db, delivery_id)
        if due_at is not None and due_at > self.clock():
            return RetryAt(due_at)
        return Delivered("over, or taken by another worker")

    def _choose(self, job: Job) -> _Way | str:
        """The first SIM that may send this now, its turn taken; or why there is none."""
        sims = self._candidates(job)
        if not sims:
            return f"no SIM serves {job.country}"
        reasons = []
        for sim in sims:
            way = self._take(sim, job, alone=len(sims) == 1)
            if isinstance(way, _Way):
                return way
            reasons.append(way)
        return "; ".join(dict.fromkeys(reasons))

    def _candidates(self, job: Job) -> list[Sim]:
        if job.uncertain and job.sim:
            # It may have been sent already: only the gateway that may know it is asked again.
            return [sim for sim in self.sims.all if sim.name == job.sim]
        avoid = {*job.earlier_sims, *filter(None, [job.sim])}
        return order(self.sims.serving(job.country), job.number_hash, avoid=avoid)

    def _take(self, sim: Sim, job: Job, *, alone: bool) -> _Way | str:
        now = self.clock()
        if not sim.works_at(now):
            return f"{sim.name} works {sim.hours}"
        state = self.breaker.look(sim.gateway)
        asked_at = now if alone else now - OTHERS_SERVE
        if is_open(state) and not probe_is_due(state, asked_at):
            return state.reason or "the gateway is unavailable"
        turn = take_turn(self.db, sim, job.number_hash, now, paced=not is_open(state))
        if isinstance(turn, str):
            return turn
        if not self.breaker.lets_through(state, asked_at, now):
            give_back(self.db, turn)
            return state.reason or "the gateway is unavailable"
        return _Way(self.sims.gateway_of(sim), sim, turn, state)

    def _attempt(self, job: Job, way: _Way, lease: Lease) -> Delivered | RetryAt:
        try:
            code = self._code(job)
        except (UnknownKeyError, UnknownDerivationError) as error:
            return self._unused(job, way, DeliveryStatus.FAILED, str(error))
        if code is None:
            self._give_back(way)
            return Delivered("its verification was over before it was sent")
        outcome = self._hand_over(job, way, code, lease)
        if outcome.kind is OutcomeKind.WITHDRAWN:
            return self._withdrawn(job, way, lease)
        log.info(
            "attempt",
            delivery=job.delivery_id,
            attempt=job.attempt,
            gateway=way.gateway.name,
            sim=way.via.sim,
            outcome=outcome.kind.value,
            reason=outcome.reason,
        )
        if outcome.kind is OutcomeKind.ACCEPTED:
            # Before anything else can fail: what is not written down is sent a second time.
            self._persist(lease, lambda: self._settle_sent(job, way, outcome))
        return self._conclude(job, way, outcome, lease)

    def _hand_over(self, job: Job, way: _Way, code: str, lease: Lease) -> Outcome:
        """Hand the code to the gateway, unless it is too late for that, or not this attempt's any more.

        The gateway's adapter asks the same once more when nothing but the first byte is missing.
        """
        if not lease.allows(self.db, job):
            return Outcome(OutcomeKind.WITHDRAWN, "it was not wanted any more when it could leave")
        message = replace(
            self._message(job, way, code, self.clock()),
            timeout_seconds=lease.exchange_seconds(job, self.policy.gateway_timeout_seconds),
            may_leave=lambda: lease.allows(self.db, job),
        )
        return way.gateway.send(message)

    def _withdrawn(self, job: Job, way: _Way, lease: Lease) -> Delivered:
        """Nothing was handed over: say why, where the delivery is this attempt's still."""
        if lease.now() >= job.deadline_at:
            return self._unused(job, way, DeliveryStatus.EXPIRED, "not sent in time")
        self._give_back(way)
        if lease.exchange_seconds(job, 1.0) <= 0:
            return self._park(job, "its worker took too long")
        return Delivered("its verification was over before it was sent, or another worker has it")

    def _conclude(self, job: Job, way: _Way, outcome: Outcome, lease: Lease) -> Delivered | RetryAt:
        if outcome.kind not in (OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN):
            self._persist(lease, lambda: self._give_back(way))
        state = way.state
        away = state is not None and self._persist(
            lease, lambda: self.breaker.note(state, outcome, self.clock())
        )
        if state is not None:
            self._persist(lease, lambda: self._note_account(state, outcome))
        if away and outcome.is_outage:
            return self._persist(lease, lambda: self._park(job, outcome.reason, way.via))
        settled = self._persist(lease, lambda: self._settle(job, way, outcome))
        if way.gateway.capabilities.push:
            self._persist(lease, lambda: self._apply_early_receipts(job, way, outcome))
        return settled

    def _apply_early_receipts(self, job: Job, way: _Way, outcome: Outcome) -> None:
        """A receipt can overtake the answer; only now is it known which delivery it is about."""
        subjects = [job.delivery_id, *filter(None, [outcome.message_id])]
        receipts.apply_early(self.db, job.delivery_id, way.gateway.name, subjects, self.clock())

    def _note_account(self, state: GatewayState, outcome: Outcome) -> None:
        """The operator is told when the gateway begins to refuse our account; apps and people are not."""
        if outcome.alarm:
            log.error("gateway_alarm", gateway=state.name, reason=outcome.reason)
            now = self.clock()
            misconfigured.note_misconfigured(self.db, state.name, outcome.reason, self.channels, now)
        elif state.misconfigured_since is not None and not outcome.is_outage:
            misconfigured.note_configured(self.db, state.name)

    def _persist(self, lease: Lease, write: Callable[[], Written]) -> Written:
        """Write down what came of an attempt, however often the database is away, until the lease ends."""
        return persist(write, lease.seconds_left, self.pause)

    def _give_back(self, way: _Way) -> None:
        if way.turn is not None:
            give_back(self.db, way.turn)

    def _unused(self, job: Job, way: _Way, status: DeliveryStatus, reason: str) -> Delivered:
        self._give_back(way)
        return self._give_up(job, way.via, status, reason)

    def _park(self, job: Job, reason: str, via: Via | None = None) -> Delivered:
        statements.park(self.db, job, self.clock(), reason, via)
        return Delivered(f"waits in the database: {reason}")

    def _code(self, job: Job) -> str | None:
        """The code, its hash stored before anybody can have it; None if it is not wanted any more."""
        key_id = TEST_KEY if job.test else job.code_key_id or self.keyring.newest_code_key
        code = self._derive(job, key_id)
        if job.hashed:
            return code
        pepper = self.keyring.pepper(job.key_id)
        code_hash = hash_code(pepper, job.verification_id, code, self.policy.bcrypt_rounds)
        kept = statements.keep_hash(self.db, job.verification_id, code_hash, key_id)
        if kept is None:
            return None
        return code if kept == key_id else self._derive(job, kept)

    def _derive(self, job: Job, key_id: str) -> str:
        if job.test:
            return TEST_CODE[: job.code_length]
        key, derivation = self.keyring.code_key(key_id), parse_derivation(job.derivation)
        return derive_code(key, job.seed, job.verification_id, job.code_length, derivation)

    def _message(self, job: Job, way: _Way, code: str, now: datetime) -> Message:
        life = min(timedelta(seconds=job.ttl_seconds), job.last_expiry_at - now).total_seconds()
        template = (
            self.policy.templates.get(job.template) if job.template else self.policy.templates.get("default")
        )
        return Message(
            to=job.number,
            text=compose(code, life, job.language, template),
            reference=job.delivery_id,
            callback_url=self.callback_url(way.gateway.name, job.delivery_id),
            life_seconds=life,
            timeout_seconds=self.policy.gateway_timeout_seconds,
            sender=way.sim.number if way.sim else None,
            slot=way.sim.slot if way.sim else None,
        )

    def _settle(self, job: Job, way: _Way, outcome: Outcome) -> Delivered | RetryAt:
        if outcome.kind is OutcomeKind.ACCEPTED:
            return Delivered(f"sent by {way.via.sim or way.gateway.name} on attempt {job.attempt}")
        now = self.clock()
        uncertain = outcome.kind is OutcomeKind.UNCERTAIN
        decision = decide(
            outcome,
            attempt=job.attempt,
            uncertain=job.uncertain + uncertain,
            now=now,
            deadline=job.deadline_at,
            policy=way.sim.uncertain if way.sim else UncertainPolicy.RESEND_ONCE,
            chance=self.chance(),
        )
        if isinstance(decision, RetryAt):
            status = DeliveryStatus.WAITING if outcome.is_outage else DeliveryStatus.QUEUED
            held = statements.settle_retry(
                self.db, job, way.via, status, decision.at, now, outcome.reason, uncertain=uncertain
            )
            return decision if held else Delivered("its verification ended during the attempt")
        return self._after_giving_up(job, way.via, outcome, decision, now)

    def _settle_sent(self, job: Job, way: _Way, outcome: Outcome) -> None:
        now = self.clock()
        url = self.callback_url(way.gateway.name, job.delivery_id)
        poll_at = first_poll_at(way.gateway, outcome.message_id, url, now)
        statements.settle_sent(self.db, job, way.via, outcome.message_id, now, outcome.reason, poll_at)

    def _after_giving_up(
        self, job: Job, via: Via, outcome: Outcome, decision: GiveUp, now: datetime
    ) -> Delivered:
        if outcome.kind is OutcomeKind.UNCERTAIN:
            # The SMS may be on the phone: the person must be able to enter it, and nobody may say it failed.
            statements.settle_presumed_sent(self.db, job, via, now, decision.reason)
            return Delivered(decision.reason)
        status = DeliveryStatus.EXPIRED if decision.late else DeliveryStatus.FAILED
        return self._give_up(job, via, status, decision.reason)

    def _give_up(self, job: Job, via: Via | None, status: DeliveryStatus, reason: str) -> Delivered:
        statements.settle_failed(self.db, job, via, status, self.clock(), reason)
        return Delivered(f"{status}: {reason}")
