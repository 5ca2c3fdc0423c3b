"""What goes wrong with one gateway, SIM, channel or purge ends nothing for the others."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from otp_worker.domain.errors import BrokerUnavailableError
from otp_worker.domain.gateway import Capabilities, PhoneState, Receipt, ReceiptKind
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import GuardMode
from otp_worker.domain.sim import Sim
from otp_worker.operations.notifier import Channel, Notifier
from otp_worker.operations.phone_monitor import PhoneMonitor
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.protection.isolation import isolated
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.store import canaries, notifications, pauses, sim_budgets
from otp_worker.store.database import Database
from otp_worker.store.notifications import Notification
from otp_worker.store.schema import notices
from otp_worker.store.sim_budgets import Room
from tests.contract.deliver.phones import Phones, sim
from tests.contract.inbound.canary_phones import FIRST, SECOND, CanaryPhones
from tests.contract.protection.town import Town
from tests.contract.service import OFFLINE, START, ObedientGateway, Service

BAD, GOOD = "a", "b"
OUTBOX = Outbox(("webhook",), lambda _: True)


class OfOneError(Exception):
    """What goes wrong with one of several."""


def fail(*_: object) -> Any:
    raise OfOneError("+447400123456 and 123456")


@dataclass
class AskedGateway(ObedientGateway):
    """Answers every question, and remembers that it was asked."""

    capabilities: Capabilities = field(default_factory=lambda: Capabilities(poll=True))
    asked: int = 0

    def health(self) -> bool | None:
        self.asked += 1
        return True

    def poll(self, message_id: str) -> Receipt | None:
        self.asked += 1
        return Receipt(ReceiptKind.DELIVERED, None, message_id)

    def phone_state(self) -> PhoneState | None:
        self.asked += 1
        return PhoneState(online=False)


@dataclass
class BrokenGateway(AskedGateway):
    """Sends, and answers no question: its adapter stumbles."""

    def health(self) -> bool | None:
        return bool(fail())

    def poll(self, message_id: str) -> Receipt | None:
        fail()
        return None

    def phone_state(self) -> PhoneState | None:
        fail()
        return None


def gateways_of(phones: Phones) -> AskedGateway:
    """A gateway whose questions fail, and one that answers; the second."""
    good = AskedGateway(name=GOOD)
    phones.gateways.update({BAD: BrokenGateway(name=BAD), GOOD: good})
    return good


def test_a_health_question_that_fails_keeps_nobody_from_coming_back(db: Database) -> None:
    phones = Phones(db, sim(BAD), sim(GOOD))
    good = gateways_of(phones)
    for name in (BAD, GOOD):
        phones.gateways[name].outcomes = [OFFLINE]
    for _ in range(4 * FAILURES_TO_OPEN):
        phones.send()
    assert all(phones.service.breaker.state(name).is_open for name in (BAD, GOOD))
    phones.service.breaker.record_health(GOOD, False, phones.service.clock())
    assert phones.service.recovery.ask()
    assert good.asked == 1


def test_a_poll_that_fails_ends_no_other_and_is_repeated_at_its_next_time(db: Database) -> None:
    phones = Phones(db, sim(BAD), sim(GOOD))
    good = gateways_of(phones)
    sent = [phones.send() for _ in range(20)]
    assert {each.delivery.gateway for each in sent} == {BAD, GOOD}
    phones.service.clock.move(5)
    over_good = sum(each.delivery.gateway == GOOD for each in sent)
    assert phones.service.worker().poller.poll(phones.service.clock()) == over_good == good.asked
    assert phones.service.worker().poller.poll(phones.service.clock()) == 0


def test_a_phone_that_cannot_be_looked_at_hides_no_other(db: Database) -> None:
    phones = Phones(db, sim(BAD), sim(GOOD))
    gateways_of(phones)
    monitor = PhoneMonitor(db, phones.service.sims.gateways, OUTBOX)
    assert monitor.check(phones.service.clock()) == 1


def test_a_phone_that_cannot_be_asked_is_still_judged_by_what_became_of_its_messages(db: Database) -> None:
    phones = Phones(db, sim(BAD))
    phones.gateways[BAD] = BrokenGateway(name=BAD, outcomes=[OFFLINE])
    for _ in range(FAILURES_TO_OPEN):
        phones.send()
    phones.service.clock.move(61)
    monitor = PhoneMonitor(db, phones.service.sims.gateways, OUTBOX)
    assert monitor.check(phones.service.clock()) == 1


def test_a_canary_that_fails_in_our_own_code_is_a_failed_turn_and_the_next_sim_has_its_own(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = CanaryPhones(db, FIRST, SECOND)
    first, insert = iter([fail]), canaries.insert_canary
    monkeypatch.setattr(canaries, "insert_canary", lambda *given: next(first, insert)(*given))
    assert phones.sweep() == "no canary from a: an error of our own, which the log names"
    with db.read() as connection:
        assert "canary.failed" in connection.execute(select(notices.c.type)).scalars().all()
    phones.service.clock.move(60)
    assert phones.sweep() == "a canary from b to a"


def test_a_block_that_cannot_be_judged_saves_no_other_from_its_pause(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(db)
    town = Town(service)
    for block in ("+44740012", "+44740099"):
        town.usual_days(block=block)
        town.sends(30, 0, block=block)
    guard = PumpingGuard(db, GuardMode.ON, 20, 3600, OUTBOX)
    first, pause = iter([fail]), pauses.pause
    monkeypatch.setattr(pauses, "pause", lambda *given: next(first, pause)(*given))
    assert guard.sweep(service.clock()) == 1
    assert guard.sweep(service.clock()) == 1


def test_a_sim_whose_room_cannot_be_told_holds_up_nobody_elses_codes(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = Phones(db, sim(BAD), sim(GOOD))
    waiting = phones.service.issue()
    phones.service.queue.clear()
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET status='waiting', published_at=NULL")
    room = sim_budgets.room

    def of_all_but_the_bad_one(db: Database, of: Sim, *rest: Any, **named: Any) -> Room:
        return room(db, of, *rest, **named) if of.name != BAD else Room(*fail())

    monkeypatch.setattr(sim_budgets, "room", of_all_but_the_bad_one)
    assert phones.service.expirer.enqueue_due(phones.service.clock()) == 1
    assert phones.service.queue == [f"{waiting.id}.1"]


def test_a_purge_that_fails_keeps_no_other_from_forgetting(service: Service) -> None:
    service.sent()
    service.clock.move(4000)
    service.expirer.expire(service.clock())
    purges = service.expirer.purges
    expirer = replace(service.expirer, purges=(fail, *purges))
    assert expirer.purge(service.clock() + timedelta(days=40)) > 0


def test_a_channel_whose_notices_cannot_be_found_holds_up_no_other(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.write() as connection:
        told = notifications.insert_notices(connection, ["webhook"], "phone.silent", {}, START)
    find = notifications.publishable

    def of_webhook(db: Database, name: str, now: datetime) -> list[str]:
        return find(db, name, now) if name == "webhook" else list(fail())

    monkeypatch.setattr(notifications, "publishable", of_webhook)
    queue: list[str] = []

    def publish(notice_id: str) -> bool:
        queue.append(notice_id)
        return True

    notifier = Notifier(db, {"email": _Unasked(), "webhook": _Unasked()})
    assert notifier.publish_due(publish, START + timedelta(minutes=1)) == 1
    assert queue == told


class _Unasked(Channel):
    def tell(self, notice: Notification, data: Mapping[str, object], now: datetime) -> str | None:
        raise AssertionError("nothing is told here")


@pytest.mark.parametrize(
    "everybodys",
    [
        BrokerUnavailableError("the broker is away"),
        OperationalError("", {}, sqlite3.OperationalError("database is locked")),
    ],
)
def test_what_is_everybodys_is_not_taken_for_one_of_several(everybodys: Exception) -> None:
    with pytest.raises(type(everybodys)), isolated("poll", gateway=BAD):
        raise everybodys


@pytest.mark.parametrize("own", [QueryCanceled(), LockNotAvailable(), DeadlockDetected()])
def test_a_statement_that_took_too_long_or_met_a_lock_is_its_own(own: Exception) -> None:
    with isolated("purge"):
        raise OperationalError("", {}, own)


def test_the_log_says_whose_error_it_was_and_where_and_quotes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with isolated("poll", gateway=BAD):
        fail()
    said = "".join(capsys.readouterr())
    for wanted in ("isolated_error", "poll", "gateway", "OfOneError", "test_isolation.py:"):
        assert wanted in said
    assert "123456" not in said
