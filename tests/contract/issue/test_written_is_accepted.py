"""What is written is accepted: whatever fails after the commit, it is a 202 and its use stays counted."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import NoReturn

import pytest
from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.service.celery_app import make_celery
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.store import deliveries as stored_deliveries
from otp_worker.store import verifications
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries
from tests.contract.issue.test_accepted_together import NUMBERS, Crowd
from tests.contract.protection.test_redis_away import TOTAL_KEY
from tests.contract.service import Service


def gone(*_: object) -> NoReturn:
    raise OperationalError("UPDATE deliveries", {}, sqlite3.OperationalError("gone"))


def raising(error: Exception) -> Callable[[Sequence[str]], bool]:
    def publish(_: Sequence[str]) -> bool:
        raise error

    return publish


def counted(db: Database) -> int:
    with db.read() as connection:
        return connection.execute(select(func.count()).select_from(deliveries)).scalar_one()


@pytest.fixture
def service(db: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The broker is away, and the database cannot note it: nothing that comes after a commit works."""
    service = Service(db, limits={Limit.TOTAL: parse_rates("100/h")}, redis=redis)
    service.broker_is_away = True
    monkeypatch.setattr(stored_deliveries, "mark_published", gone)
    return service


def test_a_send_that_can_be_neither_published_nor_noted_is_accepted(service: Service, redis: Redis) -> None:
    assert service.issue().id
    assert counted(service.db) == redis.zcount(TOTAL_KEY, 1, "+inf") == 1


def test_so_is_a_crowd_of_them_and_none_is_written_twice(service: Service, redis: Redis) -> None:
    ids = Crowd(service).ask(NUMBERS[:6])
    assert all(isinstance(each, str) for each in ids)
    assert counted(service.db) == redis.zcount(TOTAL_KEY, 1, "+inf") == 6


@pytest.mark.parametrize("error", [RuntimeError("no such exchange"), OSError(28, "full")], ids=repr)
def test_so_is_one_whose_publish_raises_what_nobody_foresaw(service: Service, error: Exception) -> None:
    service.issuer.writer.publish = raising(error)
    assert service.issue().id
    assert counted(service.db) == 1


def test_the_sweep_publishes_what_nobody_could_note(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification = service.issue()
    monkeypatch.undo()
    service.broker_is_away = False
    service.clock.move(10)
    service.work()
    assert service.read(verification).delivery.status == "sent"


def test_a_resend_that_can_be_neither_published_nor_read_again_is_accepted(
    service: Service, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification, _ = service.sent()
    service.clock.move(31)
    read, looks = verifications.get, []

    def only_before_the_commit(*arguments: object) -> object:
        looks.append(counted(service.db))
        return read(*arguments) if looks[-1] == 1 else gone()  # type: ignore[arg-type]

    monkeypatch.setattr(verifications, "get", only_before_the_commit)
    again = service.resend(verification)
    monkeypatch.undo()
    assert again == service.read(verification)
    assert counted(service.db) == redis.zcount(TOTAL_KEY, 1, "+inf") == 2


def test_the_queue_raises_for_nothing_that_a_broker_or_its_library_can_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = DeliveryQueue(make_celery("memory://", 0.25))

    def fail(*_: object) -> NoReturn:
        raise RuntimeError("a library's own mistake")

    monkeypatch.setattr(queue, "_publish_by", fail)
    assert not queue.publish_deliveries(["ver_1.1"])
    assert not queue.publish_notice("ntc_1")
    assert queue.rests
