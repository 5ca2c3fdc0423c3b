"""How a verification lives and ends, statement by statement: each condition counts, for it alone."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import lifecycle
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, verifications
from tests.contract.service import START, Service

NUMBERS = ("+447400123456", "+447400123457")
OVER = [status for status in VerificationStatus if status is not VerificationStatus.PENDING]
OPEN = [DeliveryStatus.QUEUED, DeliveryStatus.WAITING, DeliveryStatus.SENDING]
SECOND = timedelta(seconds=1)
TTL = 300


@dataclass
class Two:
    """Two verifications that were asked for, the first of which the test ends."""

    db: Database
    first: str
    second: str

    def row(self, verification_id: str) -> Any:
        with self.db.read() as connection:
            return connection.execute(
                select(verifications).where(verifications.c.id == verification_id)
            ).one()

    def change(self, **values: object) -> None:
        with self.db.write() as connection:
            connection.execute(update(verifications).where(verifications.c.id == self.first).values(values))

    def delivery(self, **values: object) -> None:
        with self.db.write() as connection:
            mine = deliveries.c.verification_id == self.first
            connection.execute(update(deliveries).where(mine).values(values))

    def start_life(self, after: timedelta, last: timedelta = timedelta(seconds=600)) -> None:
        with self.db.write() as connection:
            lifecycle.start_life(connection, self.first, TTL, START + last, START + after)

    def fail(self, *which: str) -> list[str]:
        """Which of these failed because nothing was sent."""
        with self.db.write() as connection:
            lifecycle.fail_if_nothing_was_sent(connection, list(which), START, "no phone")
        return [each for each in (self.first, self.second) if self.row(each).status == "failed"]


@pytest.fixture
def two(service: Service) -> Two:
    return Two(service.db, *(service.issue(number).id for number in NUMBERS))


class TestLife:
    """From when a code may have been handed over, it can be entered."""

    def test_it_begins_with_the_hand_over_and_is_prolonged_by_the_next(self, two: Two) -> None:
        before = two.row(two.second)
        two.start_life(10 * SECOND)
        two.start_life(50 * SECOND)
        found = two.row(two.first)
        assert found.handed_at == START + 10 * SECOND
        assert found.expires_at == START + (50 + TTL) * SECOND
        assert two.row(two.second) == before

    def test_it_ends_with_its_cap_at_the_latest(self, two: Two) -> None:
        two.start_life(10 * SECOND, last=200 * SECOND)
        assert two.row(two.first).expires_at == START + 200 * SECOND

    @pytest.mark.parametrize("status", OVER)
    def test_none_begins_after_the_end(self, two: Two, status: VerificationStatus) -> None:
        two.change(status=status)
        before = two.row(two.first)
        two.start_life(10 * SECOND)
        assert two.row(two.first) == before

    def test_none_begins_again_once_time_has_ended_it(self, two: Two) -> None:
        two.change(expires_at=START + 10 * SECOND)
        two.start_life(10 * SECOND)
        assert two.row(two.first).handed_at is None
        two.start_life(9 * SECOND)
        assert two.row(two.first).handed_at == START + 9 * SECOND


class TestFailure:
    """A verification fails when no SMS of it was, may have been, or can still be sent."""

    @pytest.fixture
    def unsent(self, two: Two) -> Two:
        two.delivery(status=DeliveryStatus.FAILED)
        return two

    def test_it_fails_alone_and_leaves_nothing_to_judge_a_code_with(self, unsent: Two) -> None:
        unsent.change(code_hash=b"hash", token_hash=b"token")
        assert unsent.fail(unsent.first) == [unsent.first]
        found = unsent.row(unsent.first)
        assert (found.reason, found.ended_at) == ("no phone", START)
        assert (found.seed, found.code_hash, found.token_hash) == (None, None, None)

    def test_only_those_that_are_named_fail(self, unsent: Two) -> None:
        assert unsent.fail(unsent.second) == []

    @pytest.mark.parametrize("status", OPEN)
    def test_it_does_not_while_one_can_still_be_sent(self, unsent: Two, status: DeliveryStatus) -> None:
        unsent.delivery(status=status)
        assert unsent.fail(unsent.first, unsent.second) == []

    def test_anothers_open_sms_keeps_none_from_failing(self, unsent: Two) -> None:
        assert unsent.row(unsent.second).status == "pending"
        assert unsent.fail(unsent.first, unsent.second) == [unsent.first]

    def test_it_does_not_when_one_may_have_been_sent(self, unsent: Two) -> None:
        unsent.change(handed_at=START)
        assert unsent.fail(unsent.first) == []

    @pytest.mark.parametrize("status", [each for each in OVER if each is not VerificationStatus.FAILED])
    def test_what_has_ended_stays_as_it_ended(self, unsent: Two, status: VerificationStatus) -> None:
        unsent.change(status=status)
        assert unsent.fail(unsent.first) == []


@pytest.mark.parametrize("status", list(DeliveryStatus))
def test_what_is_called_back_is_what_is_not_sent_and_is_its_own(two: Two, status: DeliveryStatus) -> None:
    two.delivery(status=status, lease_until=START)
    with two.db.write() as connection:
        lifecycle.close_deliveries(connection, [two.first], "it is over")
        rows = connection.execute(select(deliveries).order_by(deliveries.c.created_at, deliveries.c.id)).all()
    first, second = sorted(rows, key=lambda row: row.verification_id != two.first)
    called_back = status in OPEN
    assert first.status == (DeliveryStatus.SUPERSEDED if called_back else status)
    assert (first.lease_until is None) is called_back
    assert (first.reason == "it is over") is called_back
    assert (second.status, second.reason) == ("queued", None)
