"""A gateway that goes offline."""

from otp_worker.domain.verification import Verification
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN, PROBE_STEPS_SECONDS, is_open
from tests.contract.service import OFFLINE, Service

FIRST_STEP = PROBE_STEPS_SECONDS[0]


def go_offline(service: Service) -> list[Verification]:
    """Open the breaker with as many deliveries as it takes."""
    service.gateway.outcomes = [OFFLINE]
    tried = [service.issue() for _ in range(FAILURES_TO_OPEN)]
    for verification in tried:
        service.deliver(verification)
    assert is_open(service.breaker.state(service.gateway.name))
    return tried
