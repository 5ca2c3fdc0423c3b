"""What cannot be sent holds up nothing that can, and is not tried time and again; over a real database."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from otp_worker.domain.sim import Sim
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store import expire
from otp_worker.store.database import Database
from otp_worker.store.expire import BATCH
from otp_worker.store.schema import deliveries
from tests.contract.deliver.phones import Phones, number, sim
from tests.contract.gathering import issue_together
from tests.contract.service import ACCEPTED, LOST, OFFLINE, START

BRITISH = sim("british", countries=frozenset({"GB"}), recipients_per_month=1)
AMERICAN = sim("american", countries=frozenset({"US"}), pace_per_minute=600)


def wait_in_the_database(phones: Phones) -> None:
    """Take from the queue what is not sent, as if a sweep had to release it."""
    unsent = deliveries.c.status.in_((DeliveryStatus.QUEUED, DeliveryStatus.WAITING))
    with phones.service.db.write() as connection:
        connection.execute(
            update(deliveries).where(unsent).values(status=DeliveryStatus.WAITING, published_at=None)
        )
    phones.service.queue.clear()


def with_a_used_up_month(db: Database, unsendable: int) -> Phones:
    """The British SIM has written to its one number of the month, and so many others wait for it."""
    phones = Phones(db, BRITISH, AMERICAN)
    assert phones.send(number(0)).delivery.status is DeliveryStatus.SENT
    issue_together(phones.service, [(phones.service.clock(), number(n + 1)) for n in range(unsendable)])
    wait_in_the_database(phones)
    return phones


def test_a_used_up_month_holds_up_no_other_sim(db: Database) -> None:
    phones = with_a_used_up_month(db, BATCH + 20)
    phones.service.clock.move(1)
    americans = [phones.service.issue(f"+1202555{n:04}") for n in range(5)]
    wait_in_the_database(phones)
    phones.work(2)
    assert {phones.service.read(each).delivery.status for each in americans} == {DeliveryStatus.SENT}


def test_what_no_sim_can_send_is_not_claimed_time_and_again(db: Database) -> None:
    phones = with_a_used_up_month(db, 50)
    assert sum(phones.service.expirer.enqueue_due(phones.service.clock()) for _ in range(20)) == 0


def test_whom_a_sim_wrote_to_this_month_it_may_write_to_again(db: Database) -> None:
    phones = with_a_used_up_month(db, 30)
    phones.service.clock.move(31)
    again = phones.service.issue(number(0))
    wait_in_the_database(phones)
    assert phones.service.expirer.enqueue_due(phones.service.clock()) == 1
    phones.deliver_queued()
    assert phones.service.read(again).delivery.status is DeliveryStatus.SENT


def test_of_new_numbers_no_more_are_released_than_are_left_of_the_month(db: Database) -> None:
    phones = Phones(db, sim("a", recipients_per_month=3))
    for n in range(20):
        phones.service.issue(number(n))
    wait_in_the_database(phones)
    assert phones.service.expirer.enqueue_due(phones.service.clock()) == 3


@pytest.mark.parametrize("used_up", [sim("a", per_day=1), sim("a", recipients_per_month=1)])
def test_a_used_up_budget_behind_an_open_breaker_is_not_claimed_time_and_again(
    db: Database, used_up: Sim
) -> None:
    phones = Phones(db, used_up)
    phones.send()
    for n in range(5, 9):
        phones.service.issue(number(n))
    wait_in_the_database(phones)
    permit = phones.service.breaker.allow(phones.service.breaker.state("a"), used_up, START, START)
    assert not isinstance(permit, str)
    for _ in range(3):
        phones.service.breaker.record(permit, OFFLINE, phones.service.clock())
    phones.service.clock.move(2)
    assert phones.service.expirer.enqueue_due(phones.service.clock()) == 0


def test_what_only_another_sim_may_repeat_is_no_sims_probe(db: Database) -> None:
    phones = Phones(db, sim("a"), sim("b"))
    phones.gateways["a"].outcomes = phones.gateways["b"].outcomes = [LOST, OFFLINE]
    first = phones.send()
    (lost_by,) = [name for name, count in phones.sent().items() if count]
    (other,) = {"a", "b"} - {lost_by}
    wait_in_the_database(phones)
    phones.service.clock.move(2)
    lane = expire.Lane(["GB"], other)
    assert expire.not_published(db, phones.service.clock(), lane, 10) == []
    assert expire.probe(db, phones.service.clock(), lane, 10) == []
    own = expire.not_published(db, phones.service.clock(), expire.Lane(["GB"], lost_by), 10)
    assert [delivery_id for delivery_id, _ in own] == [first.delivery.id]


def test_a_probe_has_life_left(db: Database) -> None:
    phones = Phones(db, sim("a"))
    asked_for = []
    for seconds in (280, 10, 0):
        asked_for.append(phones.service.issue(number(seconds)).delivery.id)
        phones.service.clock.move(seconds)
    _dying, middle, fresh = asked_for
    wait_in_the_database(phones)
    lane, now = expire.Lane(["GB"], "a"), phones.service.clock()
    assert [name for name, _ in expire.probe(db, now, lane, 1)] == [middle]
    late = now + timedelta(seconds=285)
    assert [name for name, _ in expire.probe(db, late, lane, 1)] == [fresh]


def test_the_probes_of_an_outage_do_not_put_off_the_turns_after_it(db: Database) -> None:
    phones = Phones(db, sim("a", pace_per_minute=6))
    phones.goes_offline("a")
    for n in range(100):
        phones.service.issue(number(n))
    phones.work(280)
    phones.gateways["a"].outcomes = [ACCEPTED]
    before = phones.sent()["a"]
    phones.work(19)
    assert phones.sent()["a"] - before >= 2


def test_two_gateways_that_are_away_are_each_asked_as_soon_as_one_alone(db: Database) -> None:
    phones = Phones(db, sim("a"), sim("b"))
    for name in phones.gateways:
        phones.goes_offline(name)
    for n in range(40):
        phones.service.issue(number(n))
    phones.work(100)
    before = phones.sent()
    phones.work(40)
    asked = {name: count - before[name] for name, count in phones.sent().items()}
    assert min(asked.values()) >= 4
    assert max(asked.values()) <= 8


def test_a_probe_is_taken_with_what_waits_for_the_turn_of_another_sim(db: Database) -> None:
    phones = Phones(db, sim("a"), sim("b", pace_per_minute=1))
    phones.goes_offline("a")
    for n in range(40):
        phones.service.issue(number(n))
    phones.work(60)
    phones.gateways["a"].outcomes = [ACCEPTED]
    before = phones.sent()["a"]
    phones.work(9)
    assert phones.sent()["a"] > before
