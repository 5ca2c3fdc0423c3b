"""Several SIMs behind several gateways, over a real database: who sends, how much, and who else can."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, insert, select

from otp_worker.deliver.retry import RetryAt
from otp_worker.domain.gateway import Message, Outcome
from otp_worker.domain.policy import Policy
from otp_worker.domain.sim import Hours, Sim, Sims
from otp_worker.domain.verification import DeliveryStatus, Verification
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN, Breaker, is_open
from otp_worker.store import sim_budgets as store
from otp_worker.store.database import Database
from otp_worker.store.schema import metadata, sim_recipients, sims
from otp_worker.store.sim_budgets import CLOCKS_DIFFER, Reservation, Room, release, reserve, room, usage
from tests.contract.service import (
    ACCEPTED,
    LOST,
    MISCONFIGURED,
    OFFLINE,
    REFUSED,
    START,
    ObedientGateway,
    Service,
)

HASH = b"h" * 32
COUNTRIES = frozenset({"GB", "US"})


def number(n: int) -> str:
    return f"+4474001{n:05}"


class Phones:
    """A service with some SIMs, each behind a gateway of its own unless it says otherwise."""

    def __init__(self, db: Database, *of: Sim) -> None:
        self.gateways = {sim.gateway: ObedientGateway(name=sim.gateway) for sim in of}
        policy = Policy(countries=COUNTRIES, bcrypt_rounds=4)
        self.service = Service(db, policy, sims=Sims(of, self.gateways))
        self._next = 0

    def send(self, to: str | None = None) -> Verification:
        """Ask for a code for a new number, and attempt it once."""
        self._next += 1
        verification = self.service.issue(to or number(self._next))
        self.service.deliver(verification)
        return self.service.read(verification)

    def sent(self) -> dict[str, int]:
        """How many messages each gateway was given."""
        return {name: len(gateway.messages) for name, gateway in self.gateways.items()}

    def goes_offline(self, name: str) -> None:
        """Every further message of this gateway is certainly not sent."""
        self.gateways[name].outcomes = [OFFLINE]

    def deliver_queued(self) -> None:
        """One attempt at all that is on the queue."""
        queued, self.service.queue[:] = list(self.service.queue), []
        for delivery_id in queued:
            self.service.deliverer.deliver(delivery_id)

    def work(self, seconds: int) -> None:
        """Sweep and attempt once a second for so long."""
        for _ in range(seconds):
            self.service.work()
            self.service.clock.move(1)


def sim(name: str, **fields: object) -> Sim:
    return replace(Sim(name, name), **fields)  # type: ignore[arg-type]


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


class TestRouting:
    def test_each_country_goes_over_the_sims_that_serve_it(self, db: Database) -> None:
        phones = Phones(
            db, sim("british", countries=frozenset({"GB"})), sim("american", countries=frozenset({"US"}))
        )
        for n in range(10):
            phones.send(number(n))
            phones.send(f"+1202555{n:04}")
        assert phones.sent() == {"british": 10, "american": 10}

    def test_a_country_whose_phone_is_away_does_not_hold_up_the_others(self, db: Database) -> None:
        american = sim("american", countries=frozenset({"US"}), pace_per_minute=60)
        phones = Phones(db, sim("british", countries=frozenset({"GB"})), american)
        phones.goes_offline("british")
        for n in range(30):
            phones.service.issue(number(n))
        phones.work(3)
        for n in range(10):
            phones.service.issue(f"+1202555{n:04}")
        phones.work(11)
        assert phones.sent()["american"] == 10

    def test_people_get_their_codes_from_the_same_number(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"), sim("c"))
        for n in range(12):
            names = {phones.send(number(n)).delivery.sim for _ in range(3)}
            assert len(names) == 1
        assert min(phones.sent().values()) > 0

    def test_a_resend_goes_over_another_sim(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        for _ in range(6):
            first = phones.send()
            phones.service.clock.move(31)
            phones.service.resend(first)
            phones.service.deliver(first, 2)
            second = phones.service.read(first)
            assert {first.delivery.sim, second.delivery.sim} == {"a", "b"}

    def test_a_sim_works_in_its_hours_alone(self, db: Database) -> None:
        night = sim("night", hours=Hours(time(22), time(6)), zone=ZoneInfo("Europe/London"))
        phones = Phones(db, night)
        found = phones.send()
        assert (found.delivery.status, found.delivery.reason) == (
            DeliveryStatus.WAITING,
            "night works 22:00-06:00",
        )
        assert phones.service.expirer.enqueue_due(phones.service.clock()) == 0
        for hour, works in ((22, True), (5, True), (6, False), (21, False)):
            assert night.works_at(datetime(2026, 1, 1, hour, tzinfo=UTC)) is works

    def test_what_may_have_been_sent_is_never_asked_of_another_gateway(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        for gateway in phones.gateways.values():
            gateway.outcomes = [LOST, ACCEPTED]
        verification = phones.service.issue(number(1))
        retry = phones.service.deliver(verification)
        assert isinstance(retry, RetryAt)
        first = phones.service.read(verification).delivery.sim
        phones.service.clock.now = retry.at
        phones.service.deliver(verification)
        assert phones.service.read(verification).delivery.sim == first
        assert sorted(phones.sent().values()) == [0, 2]


class TestFailover:
    def test_what_was_certainly_not_sent_goes_over_another_sim_next(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        phones.goes_offline("a")
        verification = next(
            each for each in iter(phones.send, None) if each.delivery.status is DeliveryStatus.WAITING
        )
        phones.service.clock.move(2)
        phones.service.deliver(verification)
        found = phones.service.read(verification)
        assert (found.delivery.status, found.delivery.sim) == (DeliveryStatus.SENT, "b")

    def test_an_account_that_is_refused_fails_nobody_while_another_gateway_can_send(
        self, db: Database
    ) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        phones.gateways["a"].outcomes = [MISCONFIGURED]
        sent = [phones.send() for _ in range(12)]
        phones.work(8)
        assert {phones.service.read(each).delivery.sim for each in sent} == {"b"}
        assert phones.sent()["b"] == len(sent)
        assert is_open(phones.service.breaker.state("a"))

    def test_two_sims_of_one_refused_account_are_no_way_out(self, db: Database) -> None:
        phones = Phones(db, sim("a"), replace(sim("b"), gateway="a"))
        phones.gateways["a"].outcomes = [MISCONFIGURED]
        assert phones.send().delivery.status is DeliveryStatus.WAITING

    def test_an_open_breaker_is_not_asked_while_another_sim_can_send(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        phones.goes_offline("a")
        while not is_open(phones.service.breaker.state("a")):
            phones.send()
        asked = phones.sent()["a"]
        before = phones.sent()["b"]
        for _ in range(30):
            phones.send()
        assert phones.sent() == {"a": asked, "b": before + 30}

    def test_it_is_asked_now_and_then_and_comes_back_to_its_own_people(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        phones.goes_offline("a")
        while not is_open(phones.service.breaker.state("a")):
            phones.send()
        phones.gateways["a"].outcomes = [ACCEPTED]
        for _ in range(20):
            phones.service.clock.move(1)
            phones.send()
        assert not is_open(phones.service.breaker.state("a"))
        assert phones.sent()["a"] > FAILURES_TO_OPEN

    def test_it_is_asked_every_ten_seconds_at_most_while_another_sim_can_send(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        phones.goes_offline("a")
        while not is_open(phones.service.breaker.state("a")):
            phones.send()
        asked = phones.sent()["a"]
        for _ in range(60):
            phones.service.clock.move(1)
            phones.send()
        assert 1 <= phones.sent()["a"] - asked <= 6

    def test_a_probe_that_another_worker_took_uses_no_budget_up(
        self, db: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        phones = Phones(db, sim("a", per_day=FAILURES_TO_OPEN + 1))
        phones.goes_offline("a")
        for _ in range(FAILURES_TO_OPEN):
            phones.send()
        phones.service.clock.move(1)
        monkeypatch.setattr(Breaker, "allow", lambda *_: "another worker asks")
        phones.send()
        (used,) = usage(db, phones.service.sims.all, START)
        assert used.sent_today == 0

    def test_one_phone_dies_under_load_and_the_other_sends_it_all(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        sent = [phones.service.issue(number(n)) for n in range(20)]
        phones.work(1)
        phones.goes_offline("a")
        sent += [phones.service.issue(number(n)) for n in range(20, 60)]
        phones.work(8)
        assert {phones.service.read(each).delivery.status for each in sent} == {DeliveryStatus.SENT}
        assert phones.sent()["b"] > 40


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


@st.composite
def fleets(draw: st.DrawFn) -> list[Sim]:
    """A few SIMs of all sorts."""
    count = draw(st.integers(1, 4))
    return [
        Sim(
            f"sim-{n}",
            f"gateway-{draw(st.integers(0, 2))}",
            countries=draw(st.none() | st.sampled_from([frozenset({"GB"}), frozenset({"US"}), COUNTRIES])),
            weight=draw(st.integers(1, 3)),
            per_day=draw(st.sampled_from([0, 1, 3])),
            recipients_per_month=draw(st.sampled_from([0, 1, 2])),
        )
        for n in range(count)
    ]


acts = st.lists(
    st.tuples(st.sampled_from(["GB", "US"]), st.integers(0, 5), st.sampled_from("aaaolrm")), max_size=25
)
OUTCOMES = {"a": ACCEPTED, "o": OFFLINE, "l": LOST, "r": REFUSED, "m": MISCONFIGURED}


@given(fleet=fleets(), history=acts)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_history_breaks_a_bound(
    db: Database, fleet: list[Sim], history: list[tuple[str, int, str]]
) -> None:
    """Never over budget, never outside its countries, never an open breaker while another SIM could send."""
    with db.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    phones = Phones(db, *fleet)

    def remember(gateway: ObedientGateway) -> None:
        hand_over = gateway.send

        def send(message: Message) -> Outcome:
            state = phones.service.breaker.state(gateway.name)
            country = "US" if message.to.startswith("+1") else "GB"
            outcome = hand_over(message)
            others = [each for each in phones.service.sims.serving(country) if each.gateway != gateway.name]
            assert not is_open(state) or not others
            return outcome

        gateway.send = send  # type: ignore[method-assign]

    for gateway in phones.gateways.values():
        remember(gateway)
    for country, n, outcome in history:
        for gateway in phones.gateways.values():
            gateway.outcomes = [OUTCOMES[outcome]]
        phones.send(number(n) if country == "GB" else f"+120255500{n:02}")
    over = Counter(row.sim for row in _deliveries(db) if row.sent_at)
    for each in fleet:
        used = next(iter(usage(db, [each], START)))
        assert not each.per_day or used.sent_today <= each.per_day
        assert not each.recipients_per_month or used.recipients_this_month <= each.recipients_per_month
        assert not each.per_day or over[each.name] <= each.per_day
    for row in _deliveries(db):
        if row.sim:
            chosen = next(each for each in fleet if each.name == row.sim)
            assert chosen.serves(row.route)


def _deliveries(db: Database) -> list[Row[Any]]:
    table = metadata.tables["deliveries"]
    with db.read() as connection:
        return list(connection.execute(select(table.c.sim, table.c.route, table.c.sent_at)))


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
