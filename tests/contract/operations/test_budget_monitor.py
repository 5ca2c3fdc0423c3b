"""Looking after the SIMs' budgets, over a real database."""

import json
from datetime import timedelta

from sqlalchemy import select

from otp_worker.domain.ports import Outbox
from otp_worker.domain.sim import Sim, Sims
from otp_worker.operations.budget_monitor import BudgetMonitor
from otp_worker.store.database import Database
from otp_worker.store.schema import notices
from otp_worker.store.sim_budgets import reserve
from tests.contract.service import START

TIGHT = Sim("gb1", "phone", per_day=10, recipients_per_month=100)
WIDE = Sim("gb2", "phone", per_day=100)
UNBOUNDED = Sim("gb3", "phone")


def send(db: Database, numbers: int) -> None:
    for n in range(numbers):
        for sim in (TIGHT, WIDE):
            assert not isinstance(reserve(db, sim, f"{n}".encode() * 8, START), str)


def test_a_budget_that_is_used_to_nine_tenths_is_told_of_once_and_so_is_the_new_one(db: Database) -> None:
    monitor = BudgetMonitor(db, Sims((TIGHT, WIDE, UNBOUNDED)), Outbox(("webhook",), lambda _: True))
    assert monitor.check(START) == 0
    send(db, 8)
    assert monitor.check(START) == 0
    send(db, 1)
    assert [monitor.check(START) for _ in range(3)] == [1, 0, 0]
    tomorrow = START + timedelta(days=1)
    assert [monitor.check(tomorrow) for _ in range(3)] == [1, 0, 0]
    with db.read() as connection:
        rows = connection.execute(select(notices).order_by(notices.c.created_at)).all()
    assert [row.type for row in rows] == ["sim.budget_low", "sim.budget_back"]
    assert json.loads(rows[0].data) == {"sim": "gb1", "budget": "day", "used": 9, "of": 10}


def test_two_upkeeps_make_one_report(db: Database) -> None:
    send(db, 10)
    sims, outbox = Sims((TIGHT,)), Outbox(("webhook",), lambda _: True)
    assert sum(BudgetMonitor(db, sims, outbox).check(START) for _ in range(2)) == 1
