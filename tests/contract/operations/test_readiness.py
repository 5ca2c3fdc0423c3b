"""What asking for readiness costs: anybody can do it, and as often as they like."""

from typing import Any

import pytest
from sqlalchemy import event

from otp_worker.domain import request_deadline
from otp_worker.operations.health import READ_SECONDS, Audience, Health
from otp_worker.operations.write_probe import WriteProbe
from tests.contract.service import Service


@pytest.fixture
def health(service: Service) -> Health:
    # A clock that stands still has the write tried once.
    probe = WriteProbe(service.db, lambda: 0.0)
    return Health(service.db, lambda: 0, service.breaker, service.sims, probe)


def test_it_reads_nothing_that_grows_with_what_was_sent_or_that_it_does_not_tell_of(
    service: Service, health: Health
) -> None:
    asked: list[str] = []
    event.listen(service.db.engine, "before_cursor_execute", lambda *ran: asked.append(ran[2]))
    assert {check.name for check in health.checks(service.clock)} > {"database", "phone", "workers"}
    assert asked
    for table in ("canaries", "sims", "pauses", "sim_recipients"):
        assert not [statement for statement in asked if f"FROM {table}" in statement]
    assert not [statement for statement in asked if "deliveries.sim " in statement]


@pytest.mark.parametrize("audience", Audience)
def test_its_reads_together_are_waited_for_as_long_as_its_write(
    service: Service, health: Health, audience: Audience
) -> None:
    left: list[float] = []
    assert health.probe.failure() is None

    def note(*_: Any) -> None:
        left.append(request_deadline.seconds_left(1000))

    event.listen(service.db.engine, "before_cursor_execute", note)
    with request_deadline.of_a_request():
        health.checks(service.clock, audience)
        assert request_deadline.seconds_left(1000) > READ_SECONDS
    assert left
    assert max(left) <= READ_SECONDS == 2
