"""What the parts of every process stand on."""

from dataclasses import dataclass

from otp_worker.domain.keyring import Keyring
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Clock, Outbox
from otp_worker.domain.sim import Sims
from otp_worker.domain.tracing import NO_TRACING, Tracer
from otp_worker.protection.circuit_breaker import Breaker
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """The database, the queue and the phones, and the rules and keys that hold everywhere."""

    db: Database
    clock: Clock
    keyring: Keyring
    policy: Policy
    sims: Sims
    breaker: Breaker
    outbox: Outbox
    queue: DeliveryQueue
    tracer: Tracer = NO_TRACING
