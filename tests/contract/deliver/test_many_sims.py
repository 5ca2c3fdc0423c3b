"""Which of many SIMs sends, and what it costs to find out; over a real database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert

from otp_worker.deliver.router import FEW
from otp_worker.domain.sim import Sim, order
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store.database import Database
from otp_worker.store.schema import sims
from tests.contract.deliver.phones import Phones, number, sim

MANY = 8 * FEW


@pytest.fixture
def phones(db: Database) -> Phones:
    """Many SIMs of one SMS a minute."""
    return Phones(db, *[sim(f"s{n:02}", pace_per_minute=1) for n in range(MANY)])


def use_up(phones: Phones, full: Sequence[Sim]) -> None:
    """These SIMs have sent, and their next turns are more than a minute away."""
    slot = phones.service.clock() + timedelta(seconds=90)
    used = {"next_slot_at": slot, "day": "2026-03-01", "used": 2, "month": "2026-03", "recipients": 0}
    with phones.service.db.write() as connection:
        connection.execute(insert(sims), [{"name": each.name, **used} for each in full])


def test_the_first_sim_in_a_persons_order_that_has_a_turn_sends(phones: Phones) -> None:
    in_order = order(phones.service.sims.all, phones.service.keyring.number_hashes(number(7))[0])
    use_up(phones, in_order[:5])
    sent = phones.send(number(7)).delivery
    assert (sent.status, sent.sim) == (DeliveryStatus.SENT, in_order[5].name)


def test_sims_that_are_full_are_not_asked_one_by_one(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    use_up(phones, phones.service.sims.all)
    transactions = 0
    write = Database.write

    @contextmanager
    def counted(self: Database) -> Iterator[Connection]:
        nonlocal transactions
        transactions += 1
        with write(self) as connection:
            yield connection

    monkeypatch.setattr(Database, "write", counted)
    waits = phones.send(number(7)).delivery
    assert (waits.status, waits.reason) == (DeliveryStatus.WAITING, "waits for its turn: 1 a minute")
    assert transactions < MANY
