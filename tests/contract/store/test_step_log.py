"""A step is logged when it is committed, by its verification's id, and not by what is bound to its writer."""

import pytest
import structlog
from structlog.testing import capture_logs

from otp_worker.domain.step import Step, StepKind
from otp_worker.store import steps
from tests.contract.service import ACCEPTED, OFFLINE, START, Service


def test_a_transaction_that_is_rolled_back_says_nothing(service: Service) -> None:
    verification = service.issue()

    def fail() -> None:
        with service.db.write() as connection:
            steps.write(connection, [Step(START, StepKind.CHECK, verification.id, outcome="wrong", count=4)])
            raise ZeroDivisionError

    with capture_logs() as logs, pytest.raises(ZeroDivisionError):
        fail()
    assert logs == []
    with capture_logs() as logs, service.db.write():
        pass
    assert logs == []


def test_whoever_writes_for_others_lends_them_no_request_id(service: Service) -> None:
    with (
        structlog.contextvars.bound_contextvars(request_id="req_of_another", verification="ver_of_another"),
        capture_logs([structlog.contextvars.merge_contextvars]) as logs,
    ):
        verification = service.issue()
    [line] = [each for each in logs if each["event"] == "accepted"]
    assert line == {
        "event": "accepted",
        "log_level": "info",
        "verification": verification.id,
        "delivery": verification.delivery.id,
    }


def test_an_outage_is_a_line_when_it_begins_and_one_when_it_ends_however_long_it_is(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    with capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        for _ in range(60):
            service.work()
            service.clock.move(1)
        service.gateway.outcomes = [ACCEPTED]
        for _ in range(10):
            service.work()
            service.clock.move(1)
    told = [each["event"] for each in logs]
    assert sorted(told) == sorted(
        [*["attempt"] * 4, "breaker_opened", "waiting", "handed_over", "breaker_closed"]
    )
    of_it = [each for each in logs if not each["event"].startswith("breaker")]
    assert {each["verification"] for each in of_it} == {verification.id}
    assert {each["delivery"] for each in of_it} == {verification.delivery.id}
    closed = logs[told.index("breaker_closed")]
    assert closed["probes"] > 5
