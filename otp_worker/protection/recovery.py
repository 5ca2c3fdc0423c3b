"""Asking gateways that are away whether they are well again, where they can tell without a message."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from otp_worker.domain.gateway import Gateway
from otp_worker.domain.ports import Clock
from otp_worker.protection.circuit_breaker import Breaker
from otp_worker.protection.isolation import isolated

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RecoveryWatch:
    """Puts the health question to each gateway whose breaker, or one of whose SIMs' breakers, is open.

    While the answer is no, no message is sent as a probe; when it turns to yes, one is due at once. An answer
    that was never no does not speak for the phone: then the probes keep to their steps.
    """

    breaker: Breaker
    gateways: Mapping[str, Gateway]
    clock: Clock
    _asking: dict[str, threading.Lock] = field(default_factory=dict)

    def ask(self) -> bool:
        """Ask all that are away, at the same time; whether one of them has come back.

        A gateway that still owes an answer is not asked again: one that hangs holds up one call, and not the
        next.
        """
        away = [name for name in self.gateways if self.breaker.state(name).any_open]
        if not away:
            return False
        with ThreadPoolExecutor(len(away)) as pool:
            return any(list(pool.map(self._ask, away)))

    def _ask(self, name: str) -> bool:
        asking = self._asking.setdefault(name, threading.Lock())
        if not asking.acquire(blocking=False):
            return False
        is_back = False
        try:
            with isolated("health question", gateway=name):
                healthy = self.gateways[name].health()
                is_back = self.breaker.record_health(name, healthy, self.clock())
        finally:
            asking.release()
        if is_back:
            log.info("gateway_healthy", gateway=name)
        return is_back
