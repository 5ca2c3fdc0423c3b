"""Fixtures for what must not happen."""

from collections.abc import Iterator

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import GuardMode
from otp_worker.operations.admin import Operator
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.store.database import Database
from tests.contract.protection.limited import Making
from tests.contract.protection.town import HOUR, MIN_SENDS, Town
from tests.contract.service import Service


@pytest.fixture
def town(service: Service) -> Town:
    return Town(service)


@pytest.fixture
def guard(service: Service) -> PumpingGuard:
    return PumpingGuard(service.db, GuardMode.ON, MIN_SENDS, HOUR, Outbox(("webhook",), lambda _: True))


@pytest.fixture
def operator(service: Service) -> Operator:
    return Operator(service.db, service.limits, service.policy.countries)


@pytest.fixture
def no_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intake looks for pauses at each send: what it remembers for a second is tested by itself."""
    monkeypatch.setattr("otp_worker.protection.pauses.GLANCE_SECONDS", -1.0)


@pytest.fixture
def away() -> Iterator[Redis]:
    """Redis at a port where nothing listens."""
    (port,) = free_ports(None)
    with Redis(LOOPBACK, port, retry=Retry(NoBackoff(), 0)) as client:
        yield client


@pytest.fixture(params=["redis", "database"])
def making(request: pytest.FixtureRequest, db: Database) -> Making:
    """Makes a service with some limits, which counts in Redis or, where there is none, in the database."""
    counting = request.getfixturevalue("redis") if request.param == "redis" else None
    policy = Policy(countries=frozenset({"GB", "US", "DE"}), bcrypt_rounds=4)
    return lambda limits: Service(db, policy, limits, counting)
