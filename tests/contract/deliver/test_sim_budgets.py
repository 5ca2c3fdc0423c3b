"""What a SIM may send in a day and to how many people in a month, over a real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from otp_worker.domain.gateway import Outcome
from otp_worker.domain.sim import Hours
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store import sim_budgets as store
from otp_worker.store.database import Database
from otp_worker.store.schema import metadata, sim_recipients, sims
from otp_worker.store.sim_budgets import Reservation, Room, release, reserve, room, usage
from tests.contract.deliver.phones import HASH, Phones, number, sim
from tests.contract.service import ACCEPTED, LOST, MISCONFIGURED, OFFLINE, REFUSED, START


class TestBudgets:
    def test_a_day_is_never_exceeded_and_the_rest_spills_over(self, db: Database) -> None:
        phones = Phones(db, sim("a", per_day=5), sim("b"))
        for _ in range(40):
            phones.send()
        assert phones.sent()["a"] == 5
        assert phones.sent()["b"] == 35

    def test_without_another_sim_the_rest_waits_and_says_why(self, db: Database) -> None:
        phones = Phones(db, sim("a", per_day=2))
        found = [phones.send() for _ in range(3)][-1]
        assert found.delivery.status is DeliveryStatus.WAITING
        assert found.delivery.reason == "a has sent its 2 of today"

    def test_a_budget_that_runs_out_at_midnight_is_there_again_after_it(self, db: Database) -> None:
        zone = ZoneInfo("Europe/London")
        phones = Phones(db, sim("a", per_day=2, zone=zone))
        # Summer time: midnight in London is 23:00 in UTC.
        phones.service.clock.now = datetime(2026, 6, 30, 22, 58, tzinfo=UTC)
        waiting = [phones.send() for _ in range(3)]
        phones.work(119)
        assert phones.sent()["a"] == 2
        phones.work(3)
        assert phones.sent()["a"] == 3
        assert phones.service.read(waiting[2]).delivery.status is DeliveryStatus.SENT

    def test_distinct_numbers_of_a_month_are_counted_once_each(self, db: Database) -> None:
        phones = Phones(db, sim("a", recipients_per_month=2))
        for to in (number(1), number(2), number(1)):
            assert phones.send(to).delivery.status is DeliveryStatus.SENT
        refused = phones.send(number(3)).delivery
        assert (refused.status, refused.reason) == (
            DeliveryStatus.WAITING,
            "a has written to its 2 numbers of this month",
        )
        assert phones.send(number(2)).delivery.status is DeliveryStatus.SENT

    def test_a_new_month_begins_with_nobody(self, db: Database) -> None:
        one = sim("a", recipients_per_month=1)
        assert isinstance(reserve(db, one, b"1" * 32, START), Reservation)
        assert isinstance(reserve(db, one, b"2" * 32, START), str)
        assert isinstance(reserve(db, one, b"2" * 32, START + timedelta(days=31)), Reservation)

    @pytest.mark.parametrize("outcome", [OFFLINE, REFUSED, MISCONFIGURED])
    def test_what_was_certainly_not_sent_uses_nothing_up(self, db: Database, outcome: Outcome) -> None:
        phones = Phones(db, sim("a", per_day=1, recipients_per_month=1))
        phones.gateways["a"].outcomes = [outcome]
        phones.send()
        (used,) = usage(db, phones.service.sims.all, START)
        assert (used.sent_today, used.recipients_this_month) == (0, 0)
        phones.gateways["a"].outcomes = [ACCEPTED]
        assert phones.send().delivery.status is DeliveryStatus.SENT

    def test_what_may_have_been_sent_counts(self, db: Database) -> None:
        phones = Phones(db, sim("a", per_day=1))
        phones.gateways["a"].outcomes = [LOST]
        phones.send()
        assert isinstance(reserve(db, phones.service.sims.all[0], HASH, START), str)

    def test_a_number_that_was_written_to_before_is_not_given_back(self, db: Database) -> None:
        one = sim("a", recipients_per_month=5)
        reserve(db, one, HASH, START)
        again = reserve(db, one, HASH, START)
        assert isinstance(again, Reservation)
        release(db, again)
        with db.read() as connection:
            assert connection.execute(select(sim_recipients.c.number_hash)).scalars().all() == [HASH]
            assert connection.execute(select(sims.c.recipients)).scalar_one() == 1

    def test_a_number_still_counts_when_the_first_of_its_two_turns_is_given_back(self, db: Database) -> None:
        one = sim("a", recipients_per_month=2)
        first, second = reserve(db, one, HASH, START), reserve(db, one, HASH, START)
        assert isinstance(first, Reservation)
        assert isinstance(second, Reservation)
        release(db, first)
        assert [isinstance(reserve(db, one, each * 32, START), Reservation) for each in (b"1", b"2")] == [
            True,
            False,
        ]
        release(db, second)
        assert isinstance(reserve(db, one, b"2" * 32, START), Reservation)

    def test_a_number_that_an_older_version_wrote_to_stays_counted(self, db: Database) -> None:
        one = sim("a", recipients_per_month=1)
        with db.write() as connection:
            row = {"sim": "a", "month": "2026-03", "number_hash": HASH}
            connection.execute(insert(sim_recipients).values(row))
            used = {"name": "a", "day": "2026-03-01", "used": 1, "month": "2026-03", "recipients": 1}
            connection.execute(insert(sims).values(used))
        again = reserve(db, one, HASH, START)
        assert isinstance(again, Reservation)
        release(db, again)
        assert isinstance(reserve(db, one, b"1" * 32, START), str)

    def test_two_machines_share_one_day_although_midnight_comes_to_one_of_them_first(
        self, db: Database
    ) -> None:
        one = sim("a", per_day=2, recipients_per_month=2)
        midnight = datetime(2026, 4, 1, tzinfo=UTC)
        ahead, behind = midnight + timedelta(seconds=0.3), midnight - timedelta(seconds=0.2)
        turns = [reserve(db, one, bytes([n]) * 32, now) for n, now in enumerate([ahead, behind] * 5)]
        taken = [turn for turn in turns if isinstance(turn, Reservation)]
        assert {(turn.day, turn.month) for turn in taken} == {("2026-04-01", "2026-04")}
        assert len(taken) == 2
        release(db, taken[1])
        (used,) = usage(db, [one], behind)
        assert (used.sent_today, used.recipients_this_month) == (1, 1)
        assert room(db, one, behind, 9).in_all == 1

    @pytest.mark.parametrize("back", [timedelta(minutes=10), timedelta(days=400)])
    def test_a_clock_that_is_stepped_back_uses_up_no_other_days_budget(
        self, db: Database, back: timedelta
    ) -> None:
        one = sim("a", per_day=3, recipients_per_month=9, pace_per_minute=60)
        midnight = datetime(2026, 4, 1, tzinfo=UTC)
        assert isinstance(reserve(db, one, HASH, midnight), Reservation)
        now = midnight - back
        turns = [reserve(db, one, bytes([n]) * 32, now + timedelta(seconds=n)) for n in range(5)]
        assert [isinstance(turn, Reservation) for turn in turns] == [True, True, False, False, False]
        tomorrow = now + timedelta(days=1)
        assert isinstance(reserve(db, one, HASH, tomorrow), Reservation)

    def test_a_budget_is_never_exceeded_by_many_at_once(self, db: Database) -> None:
        one = sim("a", per_day=10, recipients_per_month=7)
        barrier = Barrier(16)

        def take(n: int) -> bool:
            barrier.wait()
            return isinstance(reserve(db, one, bytes([n % 12]) * 32, START), Reservation)

        with ThreadPoolExecutor(16) as pool:
            taken = list(pool.map(take, range(16)))
        (used,) = usage(db, [one], START)
        assert used.sent_today == sum(taken) <= 10
        assert used.recipients_this_month <= 7

    def test_an_erased_person_still_counts_for_the_budget(self, db: Database) -> None:
        phones = Phones(db, sim("a", per_day=1))
        phones.send()
        with db.write() as connection:
            connection.execute(metadata.tables["verifications"].delete())
        assert isinstance(reserve(db, phones.service.sims.all[0], HASH, START), str)

    def test_old_months_are_forgotten(self, db: Database) -> None:
        phones = Phones(db, sim("a", recipients_per_month=5))
        phones.send()
        phones.service.expirer.purge(START)
        phones.service.clock.move(31 * 86_400)
        with db.read() as connection:
            assert len(connection.execute(select(sim_recipients)).all()) == 1
        phones.service.expirer.purge(phones.service.clock())
        with db.read() as connection:
            assert connection.execute(select(sim_recipients)).all() == []


def test_usage_tells_how_every_sim_stands(db: Database) -> None:
    phones = Phones(db, sim("a", per_day=50, recipients_per_month=9), sim("b"))
    for _ in range(8):
        phones.send()
    phones.send(number(1))
    bounded, free = usage(db, phones.service.sims.all, START)
    assert bounded.sent_today + free.sent_today == 9
    assert bounded.sent_today == phones.sent()["a"]
    assert 0 < bounded.recipients_this_month <= bounded.sent_today
    assert (free.recipients_this_month, free.last_sent_at) == (0, START)
    tomorrow = usage(db, phones.service.sims.all, START + timedelta(days=1))
    assert [each.sent_today for each in tomorrow] == [0, 0]


def test_room_is_what_could_leave_now(db: Database) -> None:
    assert store.room(db, sim("free"), START, 500) == Room(500, 500)
    assert store.room(db, sim("a", per_day=3), START, 500) == Room(3, 3)
    reserve(db, sim("a", per_day=3), HASH, START)
    assert store.room(db, sim("a", per_day=3), START, 500) == Room(2, 2)
    assert store.room(db, sim("asleep", hours=Hours(time(1), time(2))), START, 500) == Room(0, 0)
    a_month = sim("a", recipients_per_month=1)
    assert store.room(db, a_month, START, 500) == Room(500, 1, "2026-03")
    reserve(db, a_month, HASH, START)
    assert store.room(db, a_month, START, 500) == Room(500, 0, "2026-03")
    assert store.room(db, a_month, START + timedelta(days=31), 500) == Room(500, 1, "2026-04")
