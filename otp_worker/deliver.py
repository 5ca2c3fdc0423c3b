"""Step 2, deliver: claim a delivery, make its code, hand it to a gateway, and settle what came of it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from otp_worker.breaker import Breaker, is_open
from otp_worker.codes import derive_code, hash_code
from otp_worker.gateways.gateway import Gateway, Message, Outcome, OutcomeKind
from otp_worker.keyring import Keyring, UnknownKeyError
from otp_worker.model import DeliveryStatus
from otp_worker.policy import Clock, Policy
from otp_worker.retry import GiveUp, RetryAt, decide
from otp_worker.store import delivering, gateways
from otp_worker.store.database import Database
from otp_worker.store.delivering import Job
from otp_worker.store.gateways import GatewayState
from otp_worker.text import compose

log = structlog.get_logger()

MAX_ABANDONED = 3
SLOTS_AHEAD = timedelta(seconds=1)

TEST_CODE = "1234567890"
"""A test key's verification has the first digits of this as its code."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The delivery is settled, or was not this worker's; ``note`` says which, for people."""

    note: str


@dataclass(frozen=True, slots=True)
class Deliverer:
    """The second step with all it needs; ``callback_url`` makes the URL for a delivery's receipts."""

    db: Database
    keyring: Keyring
    policy: Policy
    gateway: Gateway
    rehearsal: Gateway
    breaker: Breaker
    callback_url: Callable[[str, str], str | None]
    clock: Clock
    chance: Callable[[], float] = random.random

    def deliver(self, delivery_id: str) -> Delivered | RetryAt:
        """Make one attempt; the answer is that it is settled, or when to try again."""
        job = delivering.claim(self.db, delivery_id, self.clock(), self.policy.lease_seconds)
        if job is None:
            return Delivered("not due, or taken by another worker")
        if job.abandoned >= MAX_ABANDONED:
            # Every attempt so far took its worker down with it; it must not take them all.
            return self._give_up(job, None, DeliveryStatus.FAILED, "given up: its attempts never ended")
        if job.test:
            return self._attempt(job, self.rehearsal, None)
        state = self.breaker.look(self.gateway.name)
        if not self.breaker.lets_through(state, self.clock()):
            return self._park(job, state.reason or "the gateway is unavailable")
        if not is_open(state) and not self._take_slot():
            return self._park(job, f"waits for its turn: {self.policy.pace_per_minute} a minute")
        return self._attempt(job, self.gateway, state)

    def _attempt(self, job: Job, gateway: Gateway, state: GatewayState | None) -> Delivered | RetryAt:
        try:
            code = self._code(job)
        except UnknownKeyError as error:
            return self._give_up(job, None, DeliveryStatus.FAILED, str(error))
        if code is None:
            return Delivered("its verification was over before it was sent")
        now = self.clock()
        if now >= job.deadline_at:
            return self._give_up(job, gateway.name, DeliveryStatus.EXPIRED, "not sent in time")
        outcome = gateway.send(self._message(job, gateway, code, now))
        log.info(
            "attempt",
            delivery=job.delivery_id,
            attempt=job.attempt,
            gateway=gateway.name,
            outcome=outcome.kind.value,
            reason=outcome.reason,
        )
        if outcome.alarm:
            log.error("gateway_alarm", gateway=gateway.name, reason=outcome.reason)
        away = state is not None and self.breaker.note(state, outcome, self.clock())
        if away and outcome.kind is OutcomeKind.UNAVAILABLE:
            return self._park(job, outcome.reason)
        return self._settle(job, gateway, outcome)

    def _take_slot(self) -> bool:
        if not self.policy.pace_per_minute:
            return True
        interval = timedelta(minutes=1) / self.policy.pace_per_minute
        return gateways.take_slot(
            self.db, self.gateway.name, self.clock(), interval, max(SLOTS_AHEAD, interval)
        )

    def _park(self, job: Job, reason: str) -> Delivered:
        delivering.park(self.db, job, self.gateway.name, self.clock(), reason)
        return Delivered(f"waits in the database: {reason}")

    def _code(self, job: Job) -> str | None:
        """The code, its hash stored before anybody can have it; None if it is not wanted any more."""
        if job.test:
            code, key_id = TEST_CODE[: job.code_length], "test"
        else:
            key_id = job.code_key_id or self.keyring.newest_code_key
            code = derive_code(self.keyring.code_key(key_id), job.seed, job.verification_id, job.code_length)
        if job.hashed:
            return code
        pepper = self.keyring.pepper(job.key_id)
        code_hash = hash_code(pepper, job.verification_id, code, self.policy.bcrypt_rounds)
        return code if delivering.keep_hash(self.db, job.verification_id, code_hash, key_id) else None

    def _message(self, job: Job, gateway: Gateway, code: str, now: datetime) -> Message:
        life = min(timedelta(seconds=job.ttl_seconds), job.last_expiry_at - now).total_seconds()
        template = (
            self.policy.templates.get(job.template) if job.template else self.policy.templates.get("default")
        )
        return Message(
            to=job.number,
            text=compose(code, life, job.language, template),
            reference=job.delivery_id,
            callback_url=self.callback_url(gateway.name, job.delivery_id),
            life_seconds=life,
            timeout_seconds=min(self.policy.gateway_timeout_seconds, (job.deadline_at - now).total_seconds()),
        )

    def _settle(self, job: Job, gateway: Gateway, outcome: Outcome) -> Delivered | RetryAt:
        now = self.clock()
        if outcome.kind is OutcomeKind.ACCEPTED:
            delivering.settle_sent(self.db, job, gateway.name, outcome.message_id, now, outcome.reason)
            return Delivered(f"sent by {gateway.name} on attempt {job.attempt}")
        uncertain = outcome.kind is OutcomeKind.UNCERTAIN
        decision = decide(
            outcome,
            attempt=job.attempt,
            uncertain=job.uncertain + uncertain,
            now=now,
            deadline=job.deadline_at,
            policy=self.policy.uncertain,
            chance=self.chance(),
        )
        if isinstance(decision, RetryAt):
            waiting = outcome.kind is OutcomeKind.UNAVAILABLE
            status = DeliveryStatus.WAITING if waiting else DeliveryStatus.QUEUED
            held = delivering.settle_retry(
                self.db, job, gateway.name, status, decision.at, now, outcome.reason, uncertain=uncertain
            )
            return decision if held else Delivered("its verification ended during the attempt")
        return self._after_giving_up(job, gateway, outcome, decision, now)

    def _after_giving_up(
        self, job: Job, gateway: Gateway, outcome: Outcome, decision: GiveUp, now: datetime
    ) -> Delivered:
        if outcome.kind is OutcomeKind.UNCERTAIN:
            # The SMS may be on the phone: the person must be able to enter it, and nobody may say it failed.
            delivering.settle_sent(self.db, job, gateway.name, None, now, decision.reason)
            return Delivered(decision.reason)
        status = DeliveryStatus.EXPIRED if decision.late else DeliveryStatus.FAILED
        return self._give_up(job, gateway.name, status, decision.reason)

    def _give_up(self, job: Job, gateway: str | None, status: DeliveryStatus, reason: str) -> Delivered:
        delivering.settle_failed(self.db, job, gateway, status, self.clock(), reason)
        return Delivered(f"{status}: {reason}")
