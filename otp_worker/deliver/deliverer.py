"""Step 2, deliver: claim a delivery, make its code, hand it to a gateway, and settle what came of it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from otp_worker.deliver.answer import ask, note_answer
from otp_worker.deliver.codes import IMPOSSIBLE, Codes
from otp_worker.deliver.lease import Lease
from otp_worker.deliver.receipt_poller import first_poll_at
from otp_worker.deliver.result import LATE, OVER, Delivered, Elsewhere, Result, Waiting
from otp_worker.deliver.retry import GiveUp, RetryAt, decide
from otp_worker.deliver.router import Router, Way
from otp_worker.deliver.text import life_seconds, subject_of
from otp_worker.domain.errors import OptedOutError
from otp_worker.domain.gateway import Gateway, Message, Outcome, OutcomeKind
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.payment import Payment
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Clock, Outbox
from otp_worker.domain.quiet_hours import QUIET
from otp_worker.domain.sealing import UnknownSealKeyError
from otp_worker.domain.sim import UncertainPolicy
from otp_worker.domain.tracing import NO_TRACING, Tracer
from otp_worker.domain.verification import OPEN, DeliveryStatus
from otp_worker.store import claims, misconfigured, opt_outs, receipts
from otp_worker.store import deliver as statements
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.database import Database
from otp_worker.store.job import Job, Via
from otp_worker.store.persistence import DATABASE_AWAY, Written, persist

log = structlog.get_logger()

MAX_ABANDONED = 3


@dataclass(frozen=True, slots=True)
class Deliverer:
    """The second step with all it needs; ``callback_url`` makes the URL for a delivery's receipts.

    ``text_of`` words the SMS of a code with so much of its life left. ``outbox`` names who is told when a
    gateway refuses our account; the sweep publishes it.
    """

    db: Database
    keyring: Keyring
    codes: Codes
    policy: Policy
    text_of: Callable[[Job, str, float, Payment | None], str]
    router: Router
    rehearsal: Gateway
    callback_url: Callable[[str, str], str | None]
    clock: Clock
    outbox: Outbox
    tracer: Tracer = NO_TRACING
    chance: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def deliver(self, delivery_id: str, worker: str | None = None) -> Result:
        """Make one attempt in the process ``worker``. What is not over is never called delivered."""
        ids = {"verification": delivery_id.rpartition(".")[0], "delivery": delivery_id}
        with structlog.contextvars.bound_contextvars(**ids):
            return self._deliver(delivery_id, worker)

    def _deliver(self, delivery_id: str, worker: str | None) -> Result:
        lease = Lease(self.clock, self.policy.lease_seconds, self.monotonic)
        job = statements.claim(self.db, delivery_id, lease.claimed_at, lease.seconds, worker)
        if job is None:
            return self._not_claimed(delivery_id)
        with self.tracer.span("otp.deliver", job.trace_context) as span:
            span.note(verification=job.verification_id, delivery=delivery_id, attempt=job.attempt)
            result = self._judge(job, lease)
            span.note(result=type(result).__name__)
            return result

    def _judge(self, job: Job, lease: Lease) -> Result:
        if job.abandoned >= MAX_ABANDONED:
            # Every attempt so far took its worker down with it; it must not take them all.
            return self._give_up(job, None, DeliveryStatus.FAILED, "given up: its attempts never ended")
        if lease.now() >= job.deadline_at:
            return self._give_up(job, None, DeliveryStatus.EXPIRED, LATE)
        quiet_until = self.policy.notice_waits_until(job.address, lease.now()) if job.is_notice else None
        if quiet_until is not None:
            return self._park(job, QUIET, until=quiet_until)
        try:
            # Intake asks too, but a STOP can come after its answer, or between two attempts.
            if not job.test:
                opt_outs.refuse_opted_out(self.db, self.keyring.all_hashes(job.identities))
            return self._send(job, lease)
        except OptedOutError:
            return self._give_up(job, None, DeliveryStatus.FAILED, opt_outs.WANTS_NO_SMS)
        except IMPOSSIBLE as error:
            return self._give_up(job, None, DeliveryStatus.FAILED, str(error))
        except UnknownSealKeyError as error:
            return self._park(job, str(error))

    def _not_claimed(self, delivery_id: str) -> Result:
        """A message that came early waits for its time: the clock that set it may be ahead of this one."""
        due_at = claims.due_at(self.db, delivery_id)
        if due_at is not None and due_at > self.clock():
            return RetryAt(due_at)
        return self._not_ours(delivery_id)

    def _not_ours(self, delivery_id: str) -> Delivered | Elsewhere:
        """What a delivery is of which this attempt settled nothing."""
        status = claims.status(self.db, delivery_id)
        if status is None:
            return Delivered("over: there is no such delivery any more")
        return Elsewhere() if status in OPEN else Delivered(f"over: {status}")

    def _send(self, job: Job, lease: Lease) -> Result:
        """Find a way, make the code, and go it: what others wait for, a turn and a probe, is taken last."""
        candidates = [] if job.test else self.router.candidates(job, self.clock())
        if isinstance(candidates, str):
            return self._park(job, candidates)
        content = self.codes.timed(job, self.clock, self.monotonic)
        if content is None:
            return Delivered(OVER)
        if lease.now() >= job.deadline_at:
            return self._give_up(job, None, DeliveryStatus.EXPIRED, LATE)
        way = Way(self.rehearsal) if job.test else self.router.take(candidates, job, self.clock())
        if isinstance(way, str):
            return self._park(job, way)
        return self._attempt(job, way, content, lease)

    def _attempt(self, job: Job, way: Way, content: str, lease: Lease) -> Result:
        """Hand the SMS over, unless it is too late for that, or not this attempt's any more.

        The gateway's adapter asks the same once more when nothing but the first byte is missing.
        """
        try:
            is_allowed = lease.allows(self.db, job)
            message = self._message(job, way, content, lease)
            began = self.monotonic()
            outcome = ask(self.tracer, way, message) if is_allowed else Outcome(OutcomeKind.WITHDRAWN, OVER)
        except Exception as error:
            # Nobody could say whether it may leave: nothing was handed over.
            self._release(way, lease)
            if not isinstance(error, DATABASE_AWAY):
                raise
            return self._persist(lease, lambda: self._park(job, "the database was away"))
        if outcome.kind is OutcomeKind.WITHDRAWN:
            return self._withdrawn(job, way, lease)
        note_answer(job, way, outcome, self.clock(), self.monotonic() - began)
        if outcome.kind is OutcomeKind.ACCEPTED:
            # Before anything else can fail: what is not written down is sent a second time.
            self._persist(lease, lambda: self._settle_sent(job, way, outcome))
        return self._conclude(job, way, outcome, lease)

    def _withdrawn(self, job: Job, way: Way, lease: Lease) -> Result:
        """Nothing was handed over: say why, where the delivery is this attempt's still."""
        self._release(way, lease)
        if lease.now() >= job.deadline_at:
            return self._give_up(job, way.via, DeliveryStatus.EXPIRED, LATE)
        if lease.exchange_seconds(job, 1.0) <= 0:
            return self._park(job, "its worker took too long")
        return self._not_ours(job.delivery_id)

    def _release(self, way: Way, lease: Lease) -> None:
        self._persist(lease, lambda: self.router.release(way, self.clock()))

    def _conclude(self, job: Job, way: Way, outcome: Outcome, lease: Lease) -> Result:
        if outcome.kind not in (OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN):
            self._persist(lease, lambda: self.router.give_turn_back(way))
        is_closed = self._persist(lease, lambda: self.router.record(way, outcome, self.clock()))
        if permit := way.permit:
            self._persist(lease, lambda: self._note_account(permit.state, outcome))
        if is_closed and (outcome.is_outage or outcome.kind is OutcomeKind.THROTTLED):
            return self._persist(lease, lambda: self._park(job, outcome.reason, way.via))
        settled = self._persist(lease, lambda: self._settle(job, way, outcome))
        if way.gateway.capabilities.push:
            self._persist(lease, lambda: self._apply_early_receipts(job, way, outcome))
        return settled

    def _apply_early_receipts(self, job: Job, way: Way, outcome: Outcome) -> None:
        """A receipt can overtake the answer; only now is it known which delivery it is about."""
        subjects = [job.delivery_id, *filter(None, [outcome.message_id])]
        receipts.apply_early(self.db, job.delivery_id, way.gateway.name, subjects, self.clock())

    def _note_account(self, state: GatewayState, outcome: Outcome) -> None:
        """The operator is told when the gateway begins to refuse our account; apps and people are not."""
        now = self.clock()
        if outcome.alarm:
            log.error("gateway_alarm", gateway=state.name, reason=outcome.reason)
            misconfigured.note_misconfigured(self.db, state.name, outcome.reason, self.outbox.channels, now)
        elif state.misconfigured_since is not None and not outcome.is_outage:
            misconfigured.note_configured(self.db, state.name, self.outbox.channels, now)

    def _persist(self, lease: Lease, write: Callable[[], Written]) -> Written:
        """Write down what came of an attempt, however often the database is away, until the lease ends."""
        return persist(write, lease.seconds_left, self.pause)

    def _park(self, job: Job, reason: str, via: Via | None = None, until: datetime | None = None) -> Result:
        held = statements.park(self.db, job, self.clock(), reason, via, until)
        return Waiting(reason) if held else self._not_ours(job.delivery_id)

    def _message(self, job: Job, way: Way, content: str, lease: Lease) -> Message:
        life = life_seconds(job, self.clock())
        return Message(
            to=job.address,
            text=self.text_of(job, content, life, self.codes.payment(job)),
            reference=job.delivery_id,
            callback_url=self.callback_url(way.gateway.name, job.delivery_id),
            life_seconds=life,
            timeout_seconds=lease.exchange_seconds(job, self.policy.gateway_timeout_seconds),
            sender=way.sim.number if way.sim else None,
            slot=way.sim.slot if way.sim else None,
            subject=subject_of(job),
            may_leave=lambda: lease.allows(self.db, job),
        )

    def _settle(self, job: Job, way: Way, outcome: Outcome) -> Result:
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
            if not held:
                return self._not_ours(job.delivery_id)
            return decision if job.priority is None else Waiting(outcome.reason)
        return self._after_giving_up(job, way.via, outcome, decision, now)

    def _settle_sent(self, job: Job, way: Way, outcome: Outcome) -> None:
        now = self.clock()
        url = self.callback_url(way.gateway.name, job.delivery_id)
        poll_at = first_poll_at(way.gateway, outcome.message_id, url, now)
        statements.settle_sent(self.db, job, way.via, outcome.message_id, now, outcome.reason, poll_at)

    def _after_giving_up(
        self, job: Job, via: Via, outcome: Outcome, decision: GiveUp, now: datetime
    ) -> Result:
        if outcome.kind is OutcomeKind.UNCERTAIN:
            # The SMS may be on the phone: the person must be able to enter it, and nobody may say it failed.
            held = statements.settle_presumed_sent(self.db, job, via, now, decision.reason)
            return Delivered(decision.reason) if held else self._not_ours(job.delivery_id)
        status = DeliveryStatus.EXPIRED if decision.late else DeliveryStatus.FAILED
        return self._give_up(job, via, status, decision.reason)

    def _give_up(self, job: Job, via: Via | None, status: DeliveryStatus, reason: str) -> Result:
        held = statements.settle_failed(self.db, job, via, status, self.clock(), reason)
        return Delivered(f"{status}: {reason}") if held else self._not_ours(job.delivery_id)
