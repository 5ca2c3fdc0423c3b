"""Step 4 against a real database."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select

from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.expire import STALLED_SECONDS
from otp_worker.store import deliver, sweeps
from otp_worker.store.batches import BATCH, until_short
from otp_worker.store.reply_keys import KEPT
from otp_worker.store.schema import (
    deliveries,
    idempotency_keys,
    replies,
    reply_keys,
    sim_recipients,
    verifications,
)
from tests.contract.rows import old_rows
from tests.contract.service import OFFLINE, SHOP, START, Service, wrong

DAY = 24 * 3600


def test_a_sweep_ends_what_time_has_ended_and_wipes_it(service: Service) -> None:
    verification, _ = service.sent()
    service.clock.move(300)
    assert service.expirer.expire(service.clock()) == 1
    assert service.read(verification).status is VerificationStatus.EXPIRED
    with service.db.read() as connection:
        row = connection.execute(select(verifications)).one()
    assert (row.seed, row.code_hash) == (None, None)


def test_a_sweep_before_the_time_ends_nothing(service: Service) -> None:
    verification, code = service.sent()
    service.clock.move(299.999)
    assert service.expirer.expire(service.clock()) == 0
    assert service.check(verification, code).valid


def test_what_was_never_sent_fails_at_its_deadline_with_the_last_reason(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    service.deliver(verification)
    service.clock.move(300)
    service.expirer.expire(service.clock())
    found = service.read(verification)
    assert found.status is VerificationStatus.FAILED
    assert found.reason == "not sent in time: no paired phone is online"
    assert found.delivery.status is DeliveryStatus.EXPIRED


def test_what_no_worker_ever_took_fails_saying_so(service: Service) -> None:
    verification = service.issue()
    service.clock.move(300)
    service.expirer.expire(service.clock())
    assert service.read(verification).reason == "not sent in time: no worker took it up"


def test_a_delivery_in_a_workers_hands_is_left_to_it(service: Service) -> None:
    verification = service.issue()
    service.clock.move(299)
    assert deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    service.clock.move(2)
    assert service.expirer.expire(service.clock()) == 0
    assert service.read(verification).delivery.status is DeliveryStatus.SENDING


def test_a_worker_that_died_at_the_deadline_may_have_sent_it_and_the_code_stays_good(
    service: Service,
) -> None:
    verification = service.issue()
    service.gateway.outcomes = [OFFLINE]
    service.deliver(verification)
    code = service.gateway.codes[0]
    service.clock.move(299)
    assert deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    service.clock.move(31)
    service.expirer.expire(service.clock())
    found = service.read(verification)
    assert found.delivery.status is DeliveryStatus.EXPIRED
    assert found.delivery.reason == "not sent in time: its worker never came back"
    assert service.check(verification, code).valid


def test_a_second_sweep_changes_nothing(service: Service) -> None:
    service.sent()
    service.issue()
    service.clock.move(400)
    assert service.expirer.expire(service.clock()) == 2
    assert service.expirer.expire(service.clock()) == 0


def test_an_approved_verification_is_not_swept(service: Service) -> None:
    verification, code = service.sent()
    service.check(verification, code)
    service.clock.move(1000)
    service.expirer.expire(service.clock())
    assert service.read(verification).status is VerificationStatus.APPROVED


def test_a_delivery_that_lost_its_place_in_the_queue_is_published_again(service: Service) -> None:
    verification = service.issue()
    service.queue.clear()
    service.clock.move(STALLED_SECONDS)
    assert service.expirer.enqueue_due(service.clock()) == 1
    assert service.queue == [verification.delivery.id]


def test_a_delivery_that_was_just_published_is_left_alone(service: Service) -> None:
    service.issue()
    service.queue.clear()
    service.clock.move(STALLED_SECONDS - 0.1)
    assert service.expirer.enqueue_due(service.clock()) == 0


def test_a_delivery_published_again_is_given_time_before_the_next(service: Service) -> None:
    service.issue()
    service.clock.move(STALLED_SECONDS)
    assert service.expirer.enqueue_due(service.clock()) == 1
    service.clock.move(1)
    assert service.expirer.enqueue_due(service.clock()) == 0


def test_what_still_stands_in_the_queue_is_not_published_twice(service: Service) -> None:
    for _ in range(3):
        service.issue()
    service.backlog = 2
    service.clock.move(STALLED_SECONDS)
    assert service.expirer.enqueue_due(service.clock()) == 1
    service.backlog = 3
    service.clock.move(STALLED_SECONDS)
    assert service.expirer.enqueue_due(service.clock()) == 0


def test_a_retry_is_published_when_it_is_overdue_and_not_before(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    service.deliver(verification)
    service.queue.clear()
    service.clock.move(1 + STALLED_SECONDS - 0.1)
    assert service.expirer.enqueue_due(service.clock()) == 0
    service.clock.move(0.1)
    assert service.expirer.enqueue_due(service.clock()) == 1


def test_an_abandoned_delivery_is_published_again_once_its_lease_ran_out(service: Service) -> None:
    verification = service.issue()
    assert deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    service.clock.move(29)
    assert service.expirer.enqueue_due(service.clock()) == 0
    service.clock.move(1)
    assert service.expirer.enqueue_due(service.clock()) == 1


def test_plain_numbers_are_forgotten_after_their_time_and_the_rest_stays(service: Service) -> None:
    verification, code = service.sent()
    service.check(verification, code)
    service.clock.move(3599)
    service.expirer.purge(service.clock())
    assert _number(service) == "+447400123456"
    service.clock.move(1)
    service.expirer.purge(service.clock())
    assert _number(service) is None
    assert service.read(verification).to == "+44********56"


def test_the_number_of_a_pending_verification_is_never_forgotten(service: Service) -> None:
    service.issue()
    service.clock.move(2 * DAY)
    service.expirer.purge(service.clock())
    assert _number(service) is not None


def test_old_verifications_go_with_their_deliveries_and_replies(service: Service) -> None:
    verification, code = service.sent()
    service.check(verification, wrong(code))
    service.issuer.cancel(verification.id, SHOP, service.clock())
    with service.db.write() as connection:
        connection.execute(insert(replies).values(_reply()))
    service.clock.move(30 * DAY - 1)
    service.expirer.purge(service.clock())
    assert _rows(service) == [1, 1, 1]
    service.clock.move(1)
    service.expirer.purge(service.clock())
    assert _rows(service) == [0, 0, 0]


def test_a_sweep_is_remembered(service: Service) -> None:
    assert sweeps.last_sweep(service.db, "expire") is None
    service.expirer.expire(service.clock())
    service.clock.move(5)
    service.expirer.expire(service.clock())
    assert sweeps.last_sweep(service.db, "expire") == service.clock()


def test_batches_follow_one_another_until_one_is_short(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def act(size: int) -> int:
        sizes.append(size)
        return size if len(sizes) < 4 else 1

    paused: list[float] = []
    monkeypatch.setattr("time.sleep", paused.append)
    assert until_short(act, 2) == 7
    # Whoever waits for the database has its turn between two batches.
    assert len(paused) == 3


def test_a_purge_forgets_every_number_whose_time_is_over_however_many_there_are(service: Service) -> None:
    over = START - timedelta(hours=2)
    _fill(service, 2 * BATCH + 1, number="+447400123456", created_at=over, ended_at=over)
    service.expirer.purge(service.clock())
    with service.db.read() as connection:
        numbers = connection.execute(select(verifications.c.number).distinct()).scalars().all()
    assert numbers == [None]


def test_a_purge_forgets_the_number_of_every_old_reply_however_many_there_are(service: Service) -> None:
    over = START - timedelta(hours=2)
    many = [
        _reply() | {"id": f"rep_{n}", "dedupe_key": f"{n}", "number": "+447400123456", "created_at": over}
        for n in range(2 * BATCH + 1)
    ]
    with service.db.write() as connection:
        connection.execute(insert(replies), many)
    service.expirer.purge(service.clock())
    with service.db.read() as connection:
        numbers = connection.execute(select(replies.c.number)).scalars().all()
    assert numbers == [None] * len(many)


def test_a_purge_deletes_every_reply_key_that_is_old_however_many_there_are(service: Service) -> None:
    old = START - KEPT
    many = [{"key_hash": n.to_bytes(32, "big"), "seen_at": old} for n in range(2 * BATCH + 1)]
    young = {"key_hash": b"y" * 32, "seen_at": old + timedelta(seconds=1)}
    with service.db.write() as connection:
        connection.execute(insert(reply_keys), [*many, young])
    service.expirer.purge(service.clock())
    with service.db.read() as connection:
        assert connection.execute(select(reply_keys.c.key_hash)).scalars().all() == [b"y" * 32]


def test_a_purge_deletes_everything_that_is_old_however_much_there_is(service: Service) -> None:
    old = START - timedelta(days=31)
    _fill(service, 2 * BATCH + 1, created_at=old, ended_at=old)
    service.expirer.purge(service.clock())
    assert set(_counts(service).values()) == {0}


def test_a_sweep_ends_everything_that_is_over_however_much_there_is(service: Service) -> None:
    over = START - timedelta(seconds=1)
    _fill(service, 2 * BATCH + 1, status="pending", expires_at=over, created_at=over)
    assert service.expirer.expire(service.clock()) == 2 * BATCH + 1


def _fill(service: Service, rows_each: int, **values: object) -> None:
    """So many verifications, each with what it left in other tables."""
    at = values["created_at"]
    assert isinstance(at, datetime)
    rows: dict[Table, list[dict[str, Any]]] = {}
    for n in range(rows_each):
        old = old_rows(f"ver_{n:026}", n.to_bytes(32, "big"), at)
        old[verifications] |= values
        old[sim_recipients]["month"] = "2025-12"
        old[idempotency_keys]["created_at"] = at
        for table, row in old.items():
            rows.setdefault(table, []).append(row)
    with service.db.write() as connection:
        for table, filled in rows.items():
            connection.execute(insert(table), filled)


def _counts(service: Service) -> dict[str, int]:
    with service.db.read() as connection:
        tables = old_rows("", b"", START)
        count = select(func.count())
        return {table.name: connection.execute(count.select_from(table)).scalar_one() for table in tables}


def _reply() -> dict[str, object]:
    return {
        "id": "rep_1",
        "dedupe_key": "key",
        "gateway": "obedient",
        "number_masked": "+44********56",
        "text": "thanks",
        "received_at": START,
        "created_at": START,
    }


def _number(service: Service) -> str | None:
    with service.db.read() as connection:
        number: str | None = connection.execute(select(verifications.c.number)).scalar_one()
    return number


def _rows(service: Service) -> list[int]:
    with service.db.read() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (verifications, deliveries, replies)
        ]
