"""Workers and gateways that are slow, and what happens meanwhile; a database that is away for a while."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from otp_worker.domain.gateway import Message, Outcome, OutcomeKind
from otp_worker.domain.keyring import Keyring
from otp_worker.store import deliver
from otp_worker.store.job import Job, Via
from tests.contract.service import ObedientGateway, Service

VIA = Via("obedient", "obedient")


LEASE_SECONDS = 30


class SlowToReach(ObedientGateway):
    """Its name resolves slowly: meanwhile time passes and things happen; then the message is asked for."""

    def __init__(
        self, service: Service, seconds: float, meanwhile: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__()
        self._clock, self._seconds, self._meanwhile = service.clock, seconds, meanwhile

    def send(self, message: Message) -> Outcome:
        seconds, self._seconds = self._seconds, 0
        self._clock.move(seconds)
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        if not message.may_leave():
            return Outcome(OutcomeKind.WITHDRAWN, "withdrawn")
        return super().send(message)


def reach_slowly(
    service: Service, seconds: float, meanwhile: Callable[[], object] = lambda: None
) -> SlowToReach:
    gateway = SlowToReach(service, seconds, meanwhile)
    service.gateways["obedient"] = gateway
    return gateway


def stall(service: Service, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """The first attempt from here on stalls before it hashes its code, and meanwhile things happen."""
    stall_at("pepper", monkeypatch, meanwhile)


def stall_at(secret: str, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Stall once where a secret is asked for."""
    real = getattr(Keyring, secret)
    first = [meanwhile]

    def slowly(keyring: Keyring, key_id: str) -> Any:
        if first:
            first.pop()()
        return real(keyring, key_id)

    monkeypatch.setattr(Keyring, secret, slowly)


def claimed(service: Service, verification_id: str) -> Job:
    job = deliver.claim(service.db, f"{verification_id}.1", service.clock(), LEASE_SECONDS)
    assert job is not None
    return job


class Away:
    """A statement that fails so often before it works, as while a database restarts."""

    def __init__(self, real: Callable[..., Any], times: int) -> None:
        self._real, self._times = real, times

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self._times:
            self._times -= 1
            raise OperationalError("UPDATE", {}, Exception("the database restarts"))
        return self._real(*arguments, **named)
