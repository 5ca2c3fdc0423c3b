"""A notice waits for the end of the quiet hours where its number is, and its deadline wins."""

from datetime import UTC, datetime, timedelta

import pytest

from otp_worker.deliver.result import Waiting
from otp_worker.domain.app import App
from otp_worker.domain.message import MessageStatus
from otp_worker.domain.policy import Policy
from otp_worker.domain.public_reason import public_reason
from otp_worker.domain.quiet_hours import QUIET, QuietHours
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store.database import Database
from tests.contract.messaging import TEXT, Texting
from tests.contract.service import Service

EVENING = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)
NIGHT = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NEW_YORK = "+12025550123"


@pytest.fixture
def service(db: Database) -> Service:
    quiet = QuietHours.parse("21:00-08:00")
    service = Service(db, Policy(countries=frozenset({"GB", "US"}), bcrypt_rounds=4, quiet_hours=quiet))
    service.clock.now = NIGHT
    return service


@pytest.fixture
def texting(service: Service) -> Texting:
    return Texting(service)


def test_a_notice_of_the_night_is_sent_in_the_morning(service: Service, texting: Texting) -> None:
    notice = texting.ask(notice=True)
    assert (notice.delivery.status, notice.delivery.reason) == (DeliveryStatus.WAITING, QUIET)
    assert notice.delivery.due_at == MORNING
    for _ in range(3):
        service.sweep()
    assert service.queue == []
    service.clock.now = MORNING - timedelta(seconds=1)
    service.work()
    assert service.gateway.messages == []
    service.clock.now = MORNING
    service.work()
    assert [each.text for each in service.gateway.messages] == [TEXT]
    assert texting.status(notice) is MessageStatus.SENT


def test_what_somebody_waits_for_is_sent_at_night(service: Service, texting: Texting) -> None:
    assert texting.status(texting.sent()) is MessageStatus.SENT


def test_it_is_quiet_where_the_number_is(service: Service, texting: Texting) -> None:
    assert texting.ask(to=NEW_YORK, notice=True).delivery.reason is None
    service.work()
    assert [each.to for each in service.gateway.messages] == [NEW_YORK]


def test_a_notice_that_meets_the_night_on_its_way_waits_for_the_morning(
    service: Service, texting: Texting
) -> None:
    service.clock.now = EVENING
    notice = texting.ask(notice=True)
    assert notice.delivery.reason is None
    service.clock.now = NIGHT
    assert texting.attempt(notice) == Waiting(QUIET)
    assert service.gateway.messages == []
    sms = texting.read(notice).delivery
    assert (sms.status, sms.reason, sms.due_at, sms.attempts) == (
        DeliveryStatus.WAITING,
        QUIET,
        MORNING,
        0,
    )
    service.clock.now = MORNING
    service.work()
    assert texting.status(notice) is MessageStatus.SENT


def test_a_deadline_before_the_morning_wins_and_says_why(service: Service, texting: Texting) -> None:
    notice = texting.ask(notice=True, expires_in_seconds=3600)
    service.clock.move(3600)
    service.expirer.expire(service.clock())
    service.clock.now = MORNING
    service.work()
    assert service.gateway.messages == []
    assert texting.status(notice) is MessageStatus.EXPIRED
    sms = texting.read(notice).delivery
    assert public_reason(sms.status, sms.reason) == f"not sent in time: {QUIET}"


def test_a_rehearsal_disturbs_nobody(service: Service) -> None:
    rehearsing = Texting(service, App("shop", test=True))
    notice = rehearsing.ask(notice=True)
    assert notice.delivery.reason is None
    rehearsing.attempt(notice)
    assert rehearsing.status(notice) is MessageStatus.SENT
