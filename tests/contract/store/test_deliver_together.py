"""What several threads write in one transaction is what each would have written alone, whatever it met."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Table, delete, select, text, update
from sqlalchemy.exc import OperationalError

from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import deliver, steps
from otp_worker.store.acceptance import Acceptance
from otp_worker.store.code_hashes import Hashed, keep_all
from otp_worker.store.database import Database
from otp_worker.store.deliver_together import Sent, Wanted, claim_all, settle_all
from otp_worker.store.engine import POSTGRES_SETTINGS
from otp_worker.store.job import Job
from otp_worker.store.schema import deliveries, verifications
from tests.contract.service import START, Service
from tests.waiting import awaited

SECOND = timedelta(seconds=1)
NOW = START + 10 * SECOND
PAIRS = 12
_OWN = {"id", "verification_id", "number", "number_hash", "number_masked", "block_hash", "seed", "user"}
Do = Callable[[Database, Sequence[Any]], Sequence[Any]]


class Pairs:
    """Pairs of deliveries that stand alike: one of each is done alone, the others together."""

    def __init__(self, service: Service, seed: int) -> None:
        self.db = service.db
        self.chance = random.Random(seed)
        issued = [service.issue(f"+4474001{n:05d}").id for n in range(2 * PAIRS)]
        self.alone, self.together = issued[:PAIRS], issued[PAIRS:]

    def set(self, table: Table, **choices: Sequence[Any]) -> None:
        """Give both of each pair the same values, out of these."""
        key = verifications.c.id if table is verifications else deliveries.c.verification_id
        with self.db.write() as connection:
            for pair in zip(self.alone, self.together, strict=True):
                values = {name: self.chance.choice(each) for name, each in choices.items()}
                connection.execute(update(table).where(key.in_(pair)).values(values))

    def compare(self, do: Do, wish: Callable[[str], Any]) -> None:
        """The answers, the rows and the steps are the same, whichever way it is done."""
        alone = [do(self.db, [wish(each)])[0] for each in self.alone]
        together = do(self.db, [wish(each) for each in self.together])
        assert list(map(_told, alone)) == list(map(_told, together))
        assert [self.state(each) for each in self.alone] == [self.state(each) for each in self.together]

    def claim(self) -> dict[str, Job]:
        """The jobs of those that can be claimed, by their verifications."""
        claimed = claim_all(self.db, [_wanted(each) for each in (*self.alone, *self.together)])
        return {job.verification_id: job for job in claimed if job is not None}

    def state(self, verification_id: str) -> list[dict[str, Any]]:
        with self.db.read() as connection:
            rows = [
                *connection.execute(
                    select(verifications).where(verifications.c.id == verification_id)
                ).mappings(),
                *connection.execute(
                    select(deliveries).where(deliveries.c.verification_id == verification_id)
                ).mappings(),
            ]
        told = [_told(step) for step in steps.of_verifications(self.db, [verification_id])[verification_id]]
        return [{name: value for name, value in row.items() if name not in _OWN} for row in rows] + told


def _told(answer: Any) -> Any:
    """An answer without what only names whose it is."""
    if not hasattr(answer, "__dataclass_fields__"):
        return answer
    own = {*_OWN, "delivery_id", "steps"}
    return {each.name: getattr(answer, each.name) for each in fields(answer) if each.name not in own}


def _wanted(verification_id: str) -> Wanted:
    return Wanted(f"{verification_id}.1", NOW, NOW + 30 * SECOND, "deliver-slot1@host")


@pytest.fixture(params=range(2))
def pairs(service: Service, request: pytest.FixtureRequest) -> Pairs:
    return Pairs(service, request.param)


def test_deliveries_are_claimed_together_as_alone(pairs: Pairs) -> None:
    pairs.set(
        deliveries,
        status=[*list(DeliveryStatus)[:5], DeliveryStatus.SENDING, DeliveryStatus.QUEUED],
        attempts=[0, 1, 7],
        abandoned=[0, 0, 2],
        due_at=[START, NOW, NOW + SECOND],
        lease_until=[None, NOW, NOW + SECOND],
        reason=[None, "it waited"],
        sim=[None, "sim"],
    )
    pairs.set(verifications, code_hash=[None, b"h" * 60], code_key_id=[None, "key"])
    pairs.compare(claim_all, _wanted)


def test_acceptances_are_written_down_together_as_alone(pairs: Pairs) -> None:
    jobs = pairs.claim()
    pairs.set(
        deliveries,
        status=list(DeliveryStatus),
        reason=[None, "it was so"],
        sent_at=[None, START],
        gateway_message_id=[None, "msg_0"],
    )
    pairs.set(
        verifications,
        status=[VerificationStatus.PENDING, VerificationStatus.PENDING, VerificationStatus.CANCELED],
        handed_at=[None, START],
        expires_at=[NOW, NOW + 900 * SECOND],
    )
    with pairs.db.write() as connection:
        # A person's wish took one of each away in the meantime.
        gone = [pairs.alone[3], pairs.together[3]]
        connection.execute(delete(verifications).where(verifications.c.id.in_(gone)))
    taken = Acceptance("gateway", "sim", "msg_1", "accepted", NOW, NOW + 5 * SECOND)
    pairs.compare(settle_all, lambda each: Sent(jobs[each], taken))


def test_hashes_are_kept_together_as_alone(pairs: Pairs) -> None:
    pairs.set(
        verifications,
        status=[VerificationStatus.PENDING, VerificationStatus.PENDING, VerificationStatus.EXPIRED],
        code_hash=[None, b"h" * 60],
        code_key_id=[None, "before"],
    )
    pairs.compare(keep_all, lambda each: Hashed(each, b"n" * 60, "now"))


@pytest.mark.parametrize(
    ("values", "is_at_once"),
    [({}, True), ({"reason": "it waited"}, False), ({"reason": "it waited", "abandoned": 1}, True)],
)
@pytest.mark.parametrize("group", [1, 2])
def test_a_claim_is_told_at_once_unless_its_delivery_has_waited(
    service: Service, values: dict[str, Any], is_at_once: bool, group: int
) -> None:
    """Its worker may die before it tells anything; what waits through an outage is claimed time and again."""
    ids = [service.issue(f"+4474001{n:05d}").id for n in range(group)]
    if values:
        with service.db.write() as connection:
            connection.execute(update(deliveries).values(values))
    for job in claim_all(service.db, [_wanted(each) for each in ids]):
        assert job is not None
        told = steps.of_verifications(service.db, [job.verification_id])[job.verification_id]
        in_hand, written = (
            [each.kind == StepKind.CLAIMED for each in each_of] for each_of in (job.steps, told)
        )
        assert (any(written), any(in_hand)) == (is_at_once, not is_at_once)


def test_of_two_messages_about_one_delivery_the_first_has_it(service: Service) -> None:
    wanted = [_wanted(service.issue().id)] * 2
    assert [job is not None for job in claim_all(service.db, wanted)] == [True, False]


def test_threads_that_come_at_once_claim_each_delivery_once(service: Service) -> None:
    ids = [f"{service.issue(f'+4474001{n:05d}').id}.1" for n in range(8)]
    barrier = Barrier(16)

    def claim(delivery_id: str) -> Job | None:
        barrier.wait()
        return deliver.claim(service.db, delivery_id, NOW, 30)

    with ThreadPoolExecutor(16) as threads:
        jobs = [job for job in threads.map(claim, ids * 2) if job is not None]
    assert sorted(job.delivery_id for job in jobs) == sorted(ids)
    assert {(job.attempt, job.lease_until) for job in jobs} == {(1, NOW + 30 * SECOND)}


def test_a_row_that_somebody_holds_holds_up_no_other_of_its_group(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    if service.db.is_sqlite:
        pytest.skip("SQLite locks no rows")
    monkeypatch.setitem(POSTGRES_SETTINGS, "lock_timeout", "1s")
    service.db.engine.dispose()
    first, held, *others = (f"{service.issue(f'+4474001{n:05d}').id}.1" for n in range(5))

    def claim(delivery_id: str) -> Job | Exception | None:
        try:
            return deliver.claim(service.db, delivery_id, NOW, 30)
        except OperationalError as error:
            return error

    with ThreadPoolExecutor(5) as threads, service.db.write() as holder:
        holder.execute(select(deliveries).where(deliveries.c.id.in_([first, held])).with_for_update())
        # While it waits, those who come make one group.
        leader = threads.submit(claim, first)
        assert awaited(lambda: _somebody_waits(service.db))
        group = [threads.submit(claim, each) for each in (held, *others)]
        assert isinstance(leader.result(), OperationalError)
        answers = [each.result() for each in group]
    assert isinstance(answers[0], OperationalError)
    assert [isinstance(each, Job) for each in answers[1:]] == [True] * len(others)


def _somebody_waits(db: Database) -> bool:
    with db.engine.connect() as connection:
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(connection.execute(waiting).scalar())
