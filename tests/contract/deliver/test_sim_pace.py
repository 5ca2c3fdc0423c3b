"""How fast a SIM sends, over a real database."""

from datetime import timedelta

from otp_worker.store.database import Database
from otp_worker.store.sim_budgets import CLOCKS_DIFFER, Reservation, reserve, room
from tests.contract.deliver.phones import HASH, Phones, number, sim
from tests.contract.service import START


class TestPace:
    def test_the_pace_of_a_sim_is_kept_and_the_rest_wait_their_turn(self, db: Database) -> None:
        paced = Phones(db, sim("a", pace_per_minute=60))
        waiting = [paced.service.issue(number(n)) for n in range(20)]
        sent_after = []
        for _ in range(30):
            paced.service.work()
            sent_after.append(paced.sent()["a"])
            paced.service.clock.move(1)
        assert sent_after[0] <= 2
        assert all(count <= second + 2 for second, count in enumerate(sent_after))
        assert sent_after[19] == len(waiting)

    def test_no_more_is_put_on_the_queue_than_can_leave(self, db: Database) -> None:
        paced = Phones(db, sim("a", pace_per_minute=60))
        for n in range(50):
            paced.service.issue(number(n))
        paced.service.work()
        for _ in range(5):
            paced.service.clock.move(1)
            assert paced.service.expirer.enqueue_due(paced.service.clock()) <= 2
            paced.deliver_queued()

    def test_a_slot_is_given_once(self, db: Database) -> None:
        one = sim("a", pace_per_minute=30)
        took = [isinstance(reserve(db, one, HASH, START), Reservation) for _ in range(3)]
        assert took == [True, True, False]
        assert isinstance(reserve(db, one, HASH, START + timedelta(seconds=2)), Reservation)

    def test_a_clock_that_is_stepped_back_stops_no_paced_sim(self, db: Database) -> None:
        one = sim("a", pace_per_minute=60)
        assert isinstance(reserve(db, one, HASH, START), Reservation)
        back = START - timedelta(minutes=10)
        assert room(db, one, back, 9).in_all == 2
        turns = [reserve(db, one, HASH, back + timedelta(seconds=n)) for n in (0, 0, 0, 1, 1)]
        assert [isinstance(turn, Reservation) for turn in turns] == [True, True, False, True, False]

    def test_a_clock_that_is_a_little_behind_gets_no_turns_beyond_the_pace(self, db: Database) -> None:
        one = sim("a", pace_per_minute=60)
        for n in range(20):
            reserve(db, one, HASH, START + timedelta(seconds=n))
            behind = START + timedelta(seconds=n) - CLOCKS_DIFFER
            assert isinstance(reserve(db, one, HASH, behind), str)
            assert room(db, one, behind, 9).in_all == 0

    def test_what_goes_out_of_turn_puts_the_others_off_by_no_more_than_the_pace(self, db: Database) -> None:
        one = sim("a", pace_per_minute=60)
        for _ in range(50):
            assert isinstance(reserve(db, one, HASH, START, paced=False), Reservation)
        assert isinstance(reserve(db, one, HASH, START), str)
        assert isinstance(reserve(db, one, HASH, START + timedelta(seconds=1)), Reservation)

    def test_two_sims_together_are_twice_as_fast(self, db: Database) -> None:
        phones = Phones(db, sim("a", pace_per_minute=60), sim("b", pace_per_minute=60))
        for n in range(40):
            phones.service.issue(number(n))
        phones.work(12)
        assert sum(phones.sent().values()) >= 22
