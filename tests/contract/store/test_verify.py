"""The statements of a check: each condition of them counts, for one verification alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from otp_worker.domain.app import App
from otp_worker.domain.verification import VerificationStatus
from otp_worker.store import lockouts, verify
from otp_worker.store import verifications as stored
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, number_guards, verifications
from otp_worker.store.verify import Judgement
from tests.contract.service import START, Service

NUMBERS = ("+447400123456", "+447400123457")
LIFE = timedelta(seconds=300)


@dataclass
class Two:
    """Two verifications whose codes were sent, the first of which the test judges."""

    db: Database
    first: str
    second: str

    def count(self, app: str = "shop", at: timedelta = timedelta(0)) -> Judgement | None:
        return verify.count_check(self.db, self.first, app, _hashes, START + at)

    def row(self, verification_id: str) -> Any:
        with self.db.read() as connection:
            return connection.execute(
                select(verifications).where(verifications.c.id == verification_id)
            ).one()

    def change(self, what: str) -> None:
        with self.db.write() as connection:
            connection.exec_driver_sql(f"UPDATE verifications SET {what} WHERE id = '{self.first}'")


def _hashes(number: str) -> Sequence[bytes]:
    return [number.encode()[-4:] * 8]


@pytest.fixture
def two(service: Service) -> Two:
    first, second = (service.sent(number)[0].id for number in NUMBERS)
    return Two(service.db, first, second)


def test_a_check_is_counted_for_its_verification_alone(two: Two) -> None:
    judgement = two.count()
    assert judgement is not None
    assert (judgement.verification_id, judgement.checks_left) == (two.first, 4)
    assert judgement.code_hash == two.row(two.first).code_hash
    assert judgement.number_hashes == _hashes(NUMBERS[0])
    assert [two.row(each).checks for each in (two.first, two.second)] == [1, 0]


@pytest.mark.parametrize(
    "what",
    [
        *[
            f"status = '{status}'"
            for status in VerificationStatus
            if status is not VerificationStatus.PENDING
        ],
        "checks = max_checks",
        "code_hash = NULL",
    ],
)
def test_there_is_no_check_to_use_where_nothing_can_be_right(two: Two, what: str) -> None:
    two.change(what)
    before = two.row(two.first).checks
    assert two.count() is None
    assert two.row(two.first).checks == before


def test_a_check_after_the_codes_life_is_not_counted(two: Two) -> None:
    assert two.count(at=LIFE - timedelta(seconds=1)) is not None
    assert two.count(at=LIFE) is None


def test_another_apps_verification_is_not_there(two: Two) -> None:
    assert two.count(app="another") is None
    assert two.row(two.first).checks == 0


def test_the_last_check_can_be_used(two: Two) -> None:
    two.change("checks = max_checks - 1")
    judgement = two.count()
    assert judgement is not None
    assert judgement.checks_left == 0


def test_an_approval_ends_its_verification_alone_and_once(two: Two) -> None:
    judgement = two.count()
    assert judgement is not None
    assert verify.approve(two.db, judgement, START)
    assert not verify.approve(two.db, judgement, START)
    first, second = two.row(two.first), two.row(two.second)
    assert (first.status, first.ended_at, first.code_hash, first.seed) == ("approved", START, None, None)
    assert second.status == "pending"


def test_an_approval_comes_too_late_when_the_time_is_over(two: Two) -> None:
    judgement = two.count()
    assert judgement is not None
    assert not verify.approve(two.db, judgement, START + LIFE)
    assert two.row(two.first).status == "pending"
    # What ended nothing forgives nothing.
    assert _guarded(two.db) == list(_hashes(NUMBERS[0]))
    assert verify.approve(two.db, judgement, START + LIFE - timedelta(seconds=1))


def test_an_approval_forgives_its_number_alone(two: Two) -> None:
    judgement = two.count()
    assert judgement is not None
    with two.db.write() as connection:
        lockouts.count_attempt(connection, _hashes(NUMBERS[1]), START)
    assert verify.approve(two.db, judgement, START)
    assert _guarded(two.db) == list(_hashes(NUMBERS[1]))


def test_the_checks_of_a_test_key_lock_nobodys_number(service: Service) -> None:
    rehearsed = service.issue(app=App("test:shop", test=True))
    service.deliver(rehearsed)
    judgement = verify.count_check(service.db, rehearsed.id, "test:shop", _hashes, START)
    assert judgement is not None
    assert judgement.number_hashes == []
    assert _guarded(service.db) == []


def test_a_wrong_code_counts_for_its_verification_alone_and_the_last_one_ends_it(two: Two) -> None:
    judgement = two.count()
    assert judgement is not None
    ended = [verify.count_failure(two.db, judgement, START) for _ in range(5)]
    assert ended == [False, False, False, False, True]
    first, second = two.row(two.first), two.row(two.second)
    assert (first.status, first.failed_checks, first.ended_at) == ("max_checks_reached", 5, START)
    assert (first.code_hash, first.seed) == (None, None)
    assert (second.status, second.failed_checks) == ("pending", 0)


@pytest.mark.parametrize("ends", ["approve", "fail"])
def test_what_ends_a_verification_calls_back_its_sms_and_no_other(
    service: Service, two: Two, ends: str
) -> None:
    service.clock.move(31)
    for each in (two.first, two.second):
        found = stored.find(two.db, each)
        assert found is not None
        service.resend(found)
    judgement = two.count()
    assert judgement is not None
    if ends == "approve":
        assert verify.approve(two.db, judgement, START)
    else:
        two.change("failed_checks = 4")
        assert verify.count_failure(two.db, judgement, START)
    assert _deliveries(two, two.first) == ["sent", "superseded"]
    assert _deliveries(two, two.second) == ["sent", "queued"]


def _guarded(db: Database) -> list[bytes]:
    """The hashes of the numbers that failures are counted of."""
    with db.read() as connection:
        return list(connection.execute(select(number_guards.c.number_hash)).scalars())


def _deliveries(two: Two, verification_id: str) -> list[str]:
    """The statuses of its deliveries, in order."""
    of_it = select(deliveries.c.status).where(deliveries.c.verification_id == verification_id)
    with two.db.read() as connection:
        return list(connection.execute(of_it.order_by(deliveries.c.id)).scalars())
