"""Statements that change many deliveries lock them from the lowest up: no two wait for each other."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from otp_worker.domain.app import App
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import OPEN, Verification
from otp_worker.store import claims, erasure, expire, lockouts, opt_outs, steps
from otp_worker.store import deliveries as stored_deliveries
from otp_worker.store.database import Database
from otp_worker.store.deliver_together import Wanted, claim_all
from otp_worker.store.lifecycle import close_deliveries, lock_verification
from otp_worker.store.schema import deliveries
from tests.contract.service import NUMBER, Service

MANY = 12
SECONDS = 60


def mark_published(service: Service, issued: list[Verification]) -> None:
    stored_deliveries.mark_published(service.db, [each.delivery.id for each in issued], service.clock())


def close(service: Service, issued: list[Verification]) -> None:
    with service.db.write() as connection:
        close_deliveries(connection, [each.id for each in issued], "over")


def fail_overdue(service: Service, _issued: list[Verification]) -> None:
    expire.fail_overdue(service.db, service.clock() + timedelta(seconds=400))


def end_expired(service: Service, _issued: list[Verification]) -> None:
    expire.end_expired(service.db, service.clock() + timedelta(seconds=900))


def stop(service: Service, _issued: list[Verification]) -> None:
    hashes, now = service.keyring.number_hashes(NUMBER), service.clock()
    with service.db.write() as connection:
        opt_outs.stop(connection, hashes, "+44", now, now)


def report(service: Service, _issued: list[Verification]) -> None:
    hashes, now = service.keyring.number_hashes(NUMBER), service.clock()
    with service.db.write() as connection:
        lockouts.report(connection, hashes, now, now)


def erase(service: Service, _issued: list[Verification]) -> None:
    erasure.erase_number(service.db, [NUMBER], service.keyring.number_hashes(NUMBER))


def claim(service: Service, issued: list[Verification]) -> None:
    now = service.clock()
    claim_all(service.db, [Wanted(each.delivery.id, now, now + timedelta(seconds=30)) for each in issued])


# SQLite has one writer, and no row is locked.
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "act",
    [claim, mark_published, close, fail_overdue, end_expired, stop, report, erase],
    ids=lambda act: str(act.__name__),
)
def test_while_the_lowest_is_anothers_none_of_the_others_is_held(
    db: Database, act: Callable[[Service, list[Verification]], None]
) -> None:
    service = Service(db)
    issued = [_issued_earlier(service, n) for n in range(MANY)]
    lowest = min(each.delivery.id for each in issued)
    ids = select(deliveries.c.id).where(deliveries.c.status.in_(OPEN)).order_by(deliveries.c.id)
    with ThreadPoolExecutor(1) as threads:
        with db.write() as another:
            another.execute(ids.where(deliveries.c.id == lowest).with_for_update())
            acting = threads.submit(act, service, issued)
            with db.read() as looking:
                while not _somebody_waits(looking):
                    assert not acting.done(), acting.result()
                    time.sleep(0.01)
                free = list(looking.execute(ids.with_for_update(skip_locked=True)).scalars())
            assert free == sorted(each.delivery.id for each in issued)[1:]
        acting.result(SECONDS)


def _issued_earlier(service: Service, n: int) -> Verification:
    """One that is written later, has a lower id and a later deadline than the one before.

    A statement that took the rows as they lie, or the nearest deadline first, would begin with the highest.
    """
    service.clock.move(-1)
    issued = service.issue(NUMBER, App(f"app{n}"))
    with service.db.update() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == issued.delivery.id)
            .values(deadline_at=issued.delivery.deadline_at + timedelta(seconds=2 * n))
        )
    return issued


def _somebody_waits(connection: Connection) -> bool:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return connection.exec_driver_sql(waiting).first() is not None


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_who_holds_a_delivery_and_writes_a_step_waits_for_nobody_who_holds_its_verification(
    db: Database,
) -> None:
    """Whoever holds the verification may wait for that delivery."""
    service = Service(db)
    issued = service.issue()
    with db.write() as another:
        lock_verification(another, issued.id)
        with db.write() as connection:
            connection.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
            assert claims.take(connection, issued.delivery.id, service.clock(), service.clock())
            steps.write(connection, [Step.of(issued.delivery.id, service.clock(), StepKind.CLAIMED)])
