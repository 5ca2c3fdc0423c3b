"""What is old is forgotten and deleted, however much there is."""

from datetime import timedelta

import pytest
from sqlalchemy import Table, func, insert, select

from otp_worker.domain.step import StepKind
from otp_worker.store.batches import BATCH, until_short
from otp_worker.store.early_receipts import KEPT_SECONDS
from otp_worker.store.reply_keys import KEPT
from otp_worker.store.schema import (
    audit,
    canaries,
    canary_turns,
    confirmations,
    early_receipts,
    replies,
    reply_keys,
    steps,
    tallies,
    verifications,
)
from otp_worker.store.tallies import KEPT as KEPT_TALLIES
from tests.contract.expire.expired_rows import DAY, counts, fill, reply, row_counts
from tests.contract.service import SHOP, START, Service, wrong

TALLY = {"name": "sends", "labels": "", "bucket": 0, "count": 7, "milliseconds": 0}


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
        connection.execute(insert(replies).values(reply()))
    service.clock.move(30 * DAY - 1)
    service.expirer.purge(service.clock())
    assert row_counts(service) == [1, 1, 1]
    service.clock.move(1)
    service.expirer.purge(service.clock())
    assert row_counts(service) == [0, 0, 0]


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
    fill(service, 2 * BATCH + 1, number="+447400123456", created_at=over, ended_at=over)
    service.expirer.purge(service.clock())
    with service.db.read() as connection:
        numbers = connection.execute(select(verifications.c.number).distinct()).scalars().all()
    assert numbers == [None]


def test_a_purge_forgets_the_number_of_every_old_reply_however_many_there_are(service: Service) -> None:
    over = START - timedelta(hours=2)
    many = [
        reply() | {"id": f"rep_{n}", "dedupe_key": f"{n}", "number": "+447400123456", "created_at": over}
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
    fill(service, 2 * BATCH + 1, created_at=old, ended_at=old)
    service.expirer.purge(service.clock())
    assert set(counts(service).values()) == {0}


@pytest.mark.parametrize(
    ("table", "row", "kept_seconds"),
    [
        (audit, {"id": "aud_1", "at": START, "login": "ada", "action": "cancel", "subject": "x"}, 30 * DAY),
        (canaries, {"id": "c", "from_sim": "a", "to_sim": "b", "sent_at": START}, 30 * DAY),
        (canary_turns, {"slot": int(START.timestamp()), "from_sim": "a", "to_sim": "b"}, 30 * DAY),
        (steps, {"at": START, "kind": StepKind.PROBE, "gateway": "obedient"}, 30 * DAY),
        (
            early_receipts,
            {"gateway": "a", "subject": "m", "kind": "sent", "received_at": START},
            KEPT_SECONDS,
        ),
        # Of a day: the two before today count.
        (confirmations, {"number_hash": b"h" * 32, "day": "2026-03-01", "reply_id": "r"}, 2.5 * DAY),
        *[
            (tallies, TALLY | {"span": int(span.total_seconds()), "at": START}, kept.total_seconds())
            for span, kept in KEPT_TALLIES.items()
        ],
    ],
    ids=lambda each: getattr(each, "name", None),
)
def test_each_table_is_purged_at_its_own_age(
    service: Service, table: Table, row: dict[str, object], kept_seconds: float
) -> None:
    with service.db.write() as connection:
        connection.execute(insert(table).values(row))

    def are_left(after_seconds: float) -> int:
        service.expirer.purge(START + timedelta(seconds=after_seconds))
        with service.db.read() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    assert [are_left(kept_seconds - 1), are_left(kept_seconds + 1)] == [1, 0]


def test_the_figures_of_all_time_are_never_purged(service: Service) -> None:
    with service.db.write() as connection:
        connection.execute(insert(tallies).values(TALLY | {"span": 0, "at": START}))
    service.expirer.purge(START + timedelta(days=4000))
    with service.db.read() as connection:
        assert connection.execute(select(tallies.c.count)).scalars().all() == [7]


def _number(service: Service) -> str | None:
    with service.db.read() as connection:
        number: str | None = connection.execute(select(verifications.c.number)).scalar_one()
    return number
