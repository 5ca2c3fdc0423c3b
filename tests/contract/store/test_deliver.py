"""What is written of an attempt: exactly these columns, of its delivery and verification alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, select, update

from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store import deliver
from otp_worker.store.job import Job, Via
from otp_worker.store.schema import deliveries, verifications
from tests.contract.service import START, Service

Change = dict[str, object]
Settle = Callable[[Any, Job], object]

NUMBERS = ("+447400123456", "+447400123457")
OVER = Via("gateway", "sim")
SECOND = timedelta(seconds=1)
NOW = START + 10 * SECOND
LIVES: Change = {"handed_at": NOW, "expires_at": NOW + 300 * SECOND}
FAILED: Change = {"status": "failed", "reason": "it was so", "ended_at": NOW, "seed": None}


@dataclass
class Attempt:
    """A claimed delivery beside another one that was claimed at the same instant."""

    service: Service
    job: Job

    def rows(self, table: Table) -> dict[str, dict[str, object]]:
        with self.service.db.read() as connection:
            return {row["id"]: dict(row) for row in connection.execute(select(table)).mappings()}

    def changes(self, settle: Settle) -> tuple[Change, Change, object]:
        """What settling changes of the delivery and of the verification; nothing else may change."""
        before = self.rows(deliveries) | self.rows(verifications)
        answer = settle(self.service.db, self.job)
        after = self.rows(deliveries) | self.rows(verifications)
        changed = {
            key: {name: value for name, value in row.items() if value != before[key][name]}
            for key, row in after.items()
        }
        mine = changed.pop(self.job.delivery_id), changed.pop(self.job.verification_id)
        assert not any(changed.values())
        return *mine, answer


@pytest.fixture
def attempt(service: Service) -> Attempt:
    first, second = (service.issue(number) for number in NUMBERS)
    job, _ = (deliver.claim(service.db, f"{each.id}.1", START, 30) for each in (first, second))
    assert job is not None
    return Attempt(service, job)


def presume_sent(db: Any, job: Job) -> object:
    return deliver.settle_presumed_sent(db, job, OVER, NOW, "it was so")


def retry(*, uncertain: bool) -> Settle:
    return lambda db, job: deliver.settle_retry(
        db, job, OVER, DeliveryStatus.QUEUED, NOW + SECOND, NOW, "it was so", uncertain=uncertain
    )


def park(via: Via | None) -> Settle:
    return lambda db, job: deliver.park(db, job, NOW, "it was so", via)


def give_up(via: Via | None) -> Settle:
    return lambda db, job: deliver.settle_failed(db, job, via, DeliveryStatus.FAILED, NOW, "it was so")


ASKED: Change = {"gateway": "gateway", "sim": "sim", "reason": "it was so", "lease_until": None}
SAID: Change = {"reason": "it was so", "lease_until": None}
AGAIN: Change = {**ASKED, "status": "queued", "due_at": NOW + SECOND, "published_at": NOW + SECOND}
PARKED: Change = {"status": "waiting", "attempts": 0, "due_at": NOW, "published_at": None}

SETTLED: dict[str, tuple[Settle, Change, Change]] = {
    "perhaps sent": (presume_sent, {**ASKED, "status": "sent", "sent_at": NOW}, LIVES),
    "tried again": (retry(uncertain=False), AGAIN, {}),
    "tried again, perhaps sent": (retry(uncertain=True), {**AGAIN, "uncertain": 1}, LIVES),
    "parked": (park(None), {**SAID, **PARKED}, {}),
    "parked by a SIM": (park(OVER), {**ASKED, **PARKED}, {}),
    "given up": (give_up(None), {**SAID, "status": "failed"}, FAILED),
    "given up by a SIM": (give_up(OVER), {**ASKED, "status": "failed"}, FAILED),
}


@pytest.mark.parametrize("how", SETTLED)
def test_what_came_of_an_attempt_is_written_whole_and_nowhere_else(attempt: Attempt, how: str) -> None:
    settle, of_delivery, of_verification = SETTLED[how]
    assert attempt.changes(settle) == (of_delivery, of_verification, True)


@pytest.mark.parametrize("how", SETTLED)
def test_a_worker_that_was_overtaken_writes_nothing_of_its_attempt(attempt: Attempt, how: str) -> None:
    again = deliver.claim(attempt.service.db, attempt.job.delivery_id, START + 30 * SECOND, 30)
    assert again is not None
    assert (again.attempt, again.abandoned) == (2, 1)
    changed, _, answer = attempt.changes(SETTLED[how][0])
    assert (changed, answer) == ({}, False)


@pytest.mark.parametrize("how", ["parked", "given up"])
def test_without_another_sim_it_stays_that_of_the_one_that_was_asked_last(attempt: Attempt, how: str) -> None:
    with attempt.service.db.write() as connection:
        mine = deliveries.c.id == attempt.job.delivery_id
        connection.execute(update(deliveries).where(mine).values(gateway="before", sim="before"))
    changed, _, _ = attempt.changes(SETTLED[how][0])
    assert changed.keys().isdisjoint({"gateway", "sim"})


def test_what_was_sent_first_keeps_its_instant(attempt: Attempt) -> None:
    with attempt.service.db.write() as connection:
        connection.execute(update(deliveries).values(sent_at=START))
    changed, _, _ = attempt.changes(presume_sent)
    assert "sent_at" not in changed


def test_a_resend_knows_the_sims_of_its_own_earlier_sms(service: Service) -> None:
    sent = [service.sent(number)[0] for number in NUMBERS]
    with service.db.write() as connection:
        for verification, sim in zip(sent, ("own", "anothers"), strict=True):
            mine = deliveries.c.verification_id == verification.id
            connection.execute(update(deliveries).where(mine).values(sim=sim))
    service.clock.move(31)
    service.resend(sent[0])
    job = deliver.claim(service.db, f"{sent[0].id}.2", service.clock(), 30)
    assert job is not None
    assert job.earlier_sims == ("own",)
