"""A gateway that refuses the account: nobody's code fails, and the operator is told."""

import json
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select, update
from structlog.testing import capture_logs

from otp_worker.domain.ports import Outbox
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import schema
from tests.contract.service import ACCEPTED, MISCONFIGURED, OFFLINE, START, Service


def test_an_account_that_is_refused_fails_nobody_and_is_held_like_an_outage(service: Service) -> None:
    service.gateway.outcomes = [MISCONFIGURED]
    verification = service.issue()
    for _ in range(100):
        service.work()
        service.clock.move(1)
    found = service.read(verification)
    assert (found.status, found.delivery.status) == (VerificationStatus.PENDING, DeliveryStatus.WAITING)
    assert found.delivery.reason == MISCONFIGURED.reason
    service.gateway.outcomes = [ACCEPTED]
    for _ in range(10):
        service.work()
        service.clock.move(1)
    assert service.read(verification).delivery.status is DeliveryStatus.SENT


def test_an_account_that_is_refused_to_the_end_was_not_sent_in_time(service: Service) -> None:
    service.gateway.outcomes = [MISCONFIGURED]
    verification = service.issue()
    while service.read(verification).status is VerificationStatus.PENDING:
        service.work()
        service.clock.move(5)
    found = service.read(verification)
    assert found.status is VerificationStatus.FAILED
    assert found.reason == f"not sent in time: {MISCONFIGURED.reason}"


def test_an_account_that_is_refused_raises_the_alarm_each_time(service: Service) -> None:
    service.gateway.outcomes = [MISCONFIGURED]
    with capture_logs() as logs:
        service.deliver(service.issue())
    alarms = [each for each in logs if each["event"] == "gateway_alarm"]
    assert alarms == [
        {
            "event": "gateway_alarm",
            "log_level": "error",
            "gateway": "obedient",
            "reason": MISCONFIGURED.reason,
        }
    ]


def test_the_operator_is_told_once_until_the_account_is_taken_again(service: Service) -> None:
    service.deliverer = replace(service.deliverer, outbox=Outbox(("webhook",), lambda _: True))
    for outcome in (MISCONFIGURED, MISCONFIGURED, OFFLINE, MISCONFIGURED, ACCEPTED, MISCONFIGURED):
        service.gateway.outcomes = [outcome]
        with service.db.write() as connection:
            connection.execute(update(schema.gateways).values(failures=0))
        service.deliver(service.issue())
        service.clock.move(0.01)
    with service.db.read() as connection:
        told = connection.execute(
            select(schema.notices.c.type, schema.notices.c.data).order_by(schema.notices.c.id)
        ).all()
    wanted = {"gateway": "obedient", "reason": MISCONFIGURED.reason}
    over = {"gateway": "obedient", "since": START.isoformat()}
    assert [(row.type, json.loads(row.data)) for row in told] == [
        ("gateway.misconfigured", wanted),
        ("gateway.back", over),
        ("gateway.misconfigured", wanted),
    ]
    assert service.breaker.state("obedient").misconfigured_since == START + timedelta(seconds=0.05)
