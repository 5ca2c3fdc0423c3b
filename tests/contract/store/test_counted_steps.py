"""Every step is counted once: whatever is rolled back, purged, erased or counted at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from otp_worker.domain.app import App
from otp_worker.domain.errors import TooSoonError
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.tally import Counted, Tally
from otp_worker.operations.rejections import Rejections
from otp_worker.service.purges import purges
from otp_worker.store import schema, steps, tallies
from otp_worker.store.counted_steps import count_steps
from otp_worker.store.database import Database
from otp_worker.store.schema import steps as table
from otp_worker.store.schema import verifications
from otp_worker.store.step_cursor import AT_ONCE, LONGEST_TRANSACTION
from otp_worker.store.tallies import Period, Total
from tests.contract.service import START, Service

BRITISH = Tally(Counted.ACCEPTED, ("GB", "sms"))
REFUSED = Tally(Counted.REFUSED, ("too_soon",))


@pytest.fixture
def counted(service: Service) -> Service:
    """A service with nothing left to count."""
    count_steps(service.db, service.clock())
    return service


def accepted(service: Service, verification_id: str, number: int = 1) -> None:
    with service.db.write() as connection:
        steps.write(connection, [Step(START, StepKind.ACCEPTED, verification_id)] * number)


def total(db: Database, tally: Tally = BRITISH) -> int:
    return tallies.ever(db, [tally.name]).get(tally, Total()).count


def test_a_step_is_counted_once(counted: Service) -> None:
    before = total(counted.db)
    accepted(counted, counted.issue().id, 3)
    count_steps(counted.db, START)
    after = total(counted.db)
    assert count_steps(counted.db, START) == 0
    assert total(counted.db) == after >= before + 3


def test_more_than_one_batch_is_counted_to_the_end_and_no_more_than_was_asked_for(counted: Service) -> None:
    verification = counted.issue()
    count_steps(counted.db, START)
    before = total(counted.db)
    accepted(counted, verification.id, 2 * AT_ONCE + 1)
    assert count_steps(counted.db, START, batches=1) == AT_ONCE
    count_steps(counted.db, START)
    assert total(counted.db) == before + 2 * AT_ONCE + 1


def test_processes_that_count_at_once_count_nothing_twice(counted: Service) -> None:
    verification = counted.issue()
    count_steps(counted.db, START)
    before = total(counted.db)

    def write_and_count(_: int) -> None:
        accepted(counted, verification.id, 5)
        count_steps(counted.db, START)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_and_count, range(40)))
    count_steps(counted.db, START + timedelta(hours=1))
    count_steps(counted.db, START + timedelta(hours=2))
    assert total(counted.db) == before + 200


def test_no_figure_falls_when_what_it_counted_is_purged(counted: Service) -> None:
    accepted(counted, counted.issue().id)
    count_steps(counted.db, START)
    before = total(counted.db)
    later = START + timedelta(days=500)
    with counted.db.write() as connection:
        connection.execute(update(verifications).values(status="expired", ended_at=START))
    for purge in purges(counted.sims, 3600, 30):
        purge(counted.db, later)
    with counted.db.read() as connection:
        assert connection.execute(select(table.c.id)).first() is None
        spans = connection.execute(select(schema.tallies.c.span)).scalars().all()
    count_steps(counted.db, later)
    assert set(spans) == {0}
    assert total(counted.db) == before


def test_the_number_of_an_erased_step_is_no_other_steps(counted: Service) -> None:
    first, second = counted.issue(), counted.issue("+447400654321")
    accepted(counted, first.id)
    count_steps(counted.db, START)
    before = total(counted.db)
    with counted.db.write() as connection:
        connection.execute(delete(verifications).where(verifications.c.id == first.id))
    accepted(counted, second.id)
    count_steps(counted.db, START)
    count_steps(counted.db, START + timedelta(minutes=2))
    assert total(counted.db) == before + 1


def test_what_a_test_key_asked_for_counts_for_nothing(counted: Service) -> None:
    before = total(counted.db)
    accepted(counted, counted.issue(app=App("shop", test=True)).id)
    count_steps(counted.db, START)
    assert total(counted.db) == before


def test_a_step_that_is_committed_late_is_counted_all_the_same(counted: Service) -> None:
    if counted.db.is_sqlite:
        pytest.skip("SQLite lets in one writer at a time")
    verification = counted.issue()
    count_steps(counted.db, START)
    before = total(counted.db)
    with counted.db.write() as slow:
        steps.write(slow, [Step(START, StepKind.ACCEPTED, verification.id)])
        accepted(counted, verification.id)
        count_steps(counted.db, START)
        count_steps(counted.db, START + LONGEST_TRANSACTION / 2)
        assert total(counted.db) == before
    count_steps(counted.db, START + LONGEST_TRANSACTION / 2)
    assert total(counted.db) == before + 2


def test_a_step_that_was_rolled_back_holds_up_the_others_for_no_longer_than_a_transaction_lasts(
    counted: Service,
) -> None:
    verification = counted.issue()
    count_steps(counted.db, START)
    before = total(counted.db)
    for _ in range(2):
        with counted.db.write() as connection:
            steps.write(connection, [Step(START, StepKind.ACCEPTED, verification.id)] * 2)
            connection.rollback()
        accepted(counted, verification.id)
    count_steps(counted.db, START)
    count_steps(counted.db, START + LONGEST_TRANSACTION)
    assert total(counted.db) == before + 2


def test_refusals_count_for_the_time_at_which_they_were_made(service: Service) -> None:
    refusals = Rejections(service.db)
    refusals.count(TooSoonError(START, START, START))
    refusals.totals()
    count_steps(service.db, START)
    # What was refused before anything was counted by time has no time.
    assert total(service.db, REFUSED) == 1
    hour = timedelta(hours=1)
    period = Period(hour, START - hour)
    assert tallies.by_time(service.db, period, [Counted.REFUSED]) == {Counted.REFUSED: {}}
    refusals.count(TooSoonError(START, START, START))
    refusals.totals()
    for _ in range(2):
        count_steps(service.db, START)
    assert tallies.by_time(service.db, period, [Counted.REFUSED]) == {Counted.REFUSED: {START: 1}}
    assert tallies.by_labels(service.db, period, [Counted.REFUSED]) == {Counted.REFUSED: {("too_soon",): 1}}
    assert total(service.db, REFUSED) == 2
