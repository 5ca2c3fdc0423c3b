"""Sends that limits count, and those that they refuse."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from otp_worker.domain.app import App
from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, Rate, parse_rates
from otp_worker.issue.request import SendRequest
from otp_worker.store.schema import verifications
from tests.contract.service import NUMBER, SHOP, Service

Rates = Mapping[Limit, tuple[Rate, ...]]
Making = Callable[[Rates], Service]
BANK = App("bank")
NUMBERS = [f"+4474001234{last:02}" for last in range(10)]
ELSEWHERE = "+447400999999"
PARALLEL = 100


def rates(**limits: str) -> Rates:
    return {Limit(name): parse_rates(text) for name, text in limits.items()}


def send(service: Service, to: str = NUMBER, app: App = SHOP, ip: str | None = None) -> None:
    service.issuer.issue(SendRequest(to, ip=ip, new=True), app, service.clock())


def refused(service: Service, *given: object, **named: object) -> RateLimitExceededError:
    with pytest.raises(RateLimitExceededError) as caught:
        send(service, *given, **named)  # type: ignore[arg-type]
    return caught.value


def rows(service: Service) -> int:
    with service.db.read() as connection:
        return connection.execute(select(func.count()).select_from(verifications)).scalar_one()


def accepted_at_once(service: Service, numbers: list[str]) -> int:
    """How many of these sends, all at once, are accepted; each of the others is refused by a limit."""

    def accepted(number: str) -> bool:
        try:
            send(service, number)
        except RateLimitExceededError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(accepted, numbers))
