"""Codes that are sent and that half as many people enter as usual, over a real database."""

import json

import pytest
from sqlalchemy import select

from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import GuardMode
from otp_worker.operations.conversion_monitor import ConversionMonitor
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.store.schema import notices, verifications
from tests.contract.protection.town import Town
from tests.contract.service import Service


@pytest.fixture
def town(service: Service) -> Town:
    """A town in which 80 % of the codes have been entered for two days."""
    town = Town(service)
    town.usual_days(sends_an_hour=10, approvals=8)
    PumpingGuard(service.db, GuardMode.OBSERVE, 20, 3600, Outbox((), lambda _: True)).sweep(service.clock())
    return town


def last_hour(service: Service, town: Town, sends: int, approvals: int) -> None:
    with service.db.write() as connection:
        recent = verifications.c.created_at > service.clock().replace(hour=10)
        connection.execute(verifications.delete().where(recent))
    town.sends(sends, approvals)


def test_it_is_told_once_and_once_more_when_it_is_over(service: Service, town: Town) -> None:
    monitor = ConversionMonitor(service.db, Outbox(("webhook", "email"), lambda _: True))
    reports = []
    for approvals in (24, 3, 2, 13, 24, 24, 3):
        last_hour(service, town, 30, approvals)
        reports.append(monitor.check(service.clock()))
        service.clock.move(1)
    assert reports == [0, 1, 0, 1, 0, 0, 1]
    with service.db.read() as connection:
        rows = connection.execute(select(notices).order_by(notices.c.id)).all()
    assert [row.type for row in rows] == 2 * ["conversion.halved"] + 2 * ["conversion.back"] + 2 * [
        "conversion.halved"
    ]
    assert json.loads(rows[0].data) == {"country": "GB", "sends": 30, "approvals": 3, "usual_percent": 80}


def test_codes_of_an_app_without_a_past_are_nothing_to_tell_of(service: Service, town: Town) -> None:
    monitor = ConversionMonitor(service.db, Outbox(("webhook",), lambda _: True))
    last_hour(service, town, 30, 24)
    town.sends(300, 0, app="newcomer")
    assert monitor.check(service.clock()) == 0
