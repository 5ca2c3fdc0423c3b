"""What is released where many SIMs serve one country; over a real database."""

from datetime import timedelta

import pytest

from otp_worker.store import expire as statements
from otp_worker.store import sim_budgets
from otp_worker.store.database import Database
from tests.contract.deliver.phones import Phones, number, sim
from tests.contract.expire.test_starvation import wait_in_the_database
from tests.contract.gathering import issue_together


def waiting(phones: Phones, count: int) -> list[str]:
    """So many British codes that wait in the database, nearest deadline first."""
    asked = []
    for n in range(count):
        asked.append(phones.service.issue(number(n)).delivery.id)
        phones.service.clock.move(0.001)
    wait_in_the_database(phones)
    return asked


def test_as_many_leave_as_all_sims_together_have_turns(db: Database) -> None:
    phones = Phones(db, *[sim(f"s{n}", pace_per_minute=20) for n in range(6)])
    asked = waiting(phones, 20)
    # Two each: a turn may be taken one interval ahead.
    assert phones.service.expirer.enqueue_due(phones.service.clock()) == 12
    assert phones.service.queue == asked[:12]


def test_of_one_number_in_a_month_each_sim_has_its_own(db: Database) -> None:
    phones = Phones(db, *[sim(f"s{n}", recipients_per_month=2) for n in range(3)])
    waiting(phones, 20)
    assert phones.service.expirer.enqueue_due(phones.service.clock()) == 6


def test_a_country_is_not_always_behind_another_that_fills_the_queue(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "BATCH", 4)
    british = [sim(f"gb{n}", countries=frozenset({"GB"}), pace_per_minute=20) for n in range(3)]
    phones = Phones(db, *british, sim("us", countries=frozenset({"US"})))
    american = phones.service.issue("+12025550100").delivery.id
    issue_together(phones.service, [(phones.service.clock(), number(n)) for n in range(100)])
    wait_in_the_database(phones)
    for _ in range(20):
        phones.service.clock.move(0.5)
        phones.service.expirer.enqueue_due(phones.service.clock())
    assert american in phones.service.queue


def test_where_nothing_waits_no_sim_is_asked_for(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    phones = Phones(db, sim("a", pace_per_minute=20))
    later = phones.service.clock() + timedelta(hours=1)
    waiting(phones, 3)
    monkeypatch.setattr(sim_budgets, "room", None)
    assert phones.service.expirer.enqueue_due(later) == 0
