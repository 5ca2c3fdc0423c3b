"""The claim on a delivery, statement by statement: each condition of it counts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from otp_worker.store import claims
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries
from tests.contract.service import START, Service

NUMBERS = ("+447400123456", "+447400123457")
LEASE = timedelta(seconds=30)


Taking = Callable[[Connection, str, datetime, datetime], object]


def take_among_others(connection: Connection, delivery_id: str, now: datetime, until: datetime) -> bool:
    """Claim a delivery together with one that there is none of."""
    return claims.take_all(connection, {delivery_id: until, "ver_none.1": until}, now) == [delivery_id]


@dataclass(frozen=True)
class Claimed:
    """A claim as its worker knows it."""

    delivery_id: str
    attempt: int
    lease_until: datetime


@dataclass
class Two:
    """Two queued deliveries, the first of which the test claims."""

    db: Database
    first: str
    second: str
    taking: Taking

    def take(self, delivery_id: str, now: datetime = START) -> Claimed | None:
        with self.db.write() as connection:
            if not self.taking(connection, delivery_id, now, now + LEASE):
                return None
        row = self.row(delivery_id)
        return Claimed(delivery_id, row.attempts, row.lease_until)

    def claimed(self) -> Claimed:
        claim = self.take(self.first)
        assert claim is not None
        return claim

    def row(self, delivery_id: str) -> Any:
        with self.db.read() as connection:
            return connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one()

    def change(self, what: str, delivery_id: str) -> None:
        """Set a column of a delivery, or of its verification."""
        table, key = (
            ("verifications", delivery_id.split(".")[0])
            if what.startswith("v.")
            else ("deliveries", delivery_id)
        )
        with self.db.write() as connection:
            connection.exec_driver_sql(f"UPDATE {table} SET {what.removeprefix('v.')} WHERE id = '{key}'")


@pytest.fixture(params=[claims.take, take_among_others], ids=["alone", "among others"])
def two(service: Service, request: pytest.FixtureRequest) -> Two:
    first, second = (service.issue(number) for number in NUMBERS)
    return Two(service.db, f"{first.id}.1", f"{second.id}.1", request.param)


def test_a_claim_takes_that_delivery_and_no_other(two: Two) -> None:
    claim = two.claimed()
    assert (claim.attempt, claim.lease_until) == (1, START + LEASE)
    assert two.row(two.first).status == "sending"
    assert (two.row(two.second).status, two.row(two.second).attempts) == ("queued", 0)


@pytest.mark.parametrize(
    ("what", "taken"),
    [
        ("status = 'queued'", True),
        ("status = 'waiting'", True),
        ("status = 'sent'", False),
        ("status = 'sent', lease_until = '2026-03-01 11:00:00+00:00'", False),
        ("status = 'canceled'", False),
        # The first attempt needs no due time, the next ones do.
        ("due_at = '2026-03-01 12:00:01+00:00'", True),
        ("attempts = 1, due_at = '2026-03-01 12:00:01+00:00'", False),
        ("attempts = 1, due_at = '2026-03-01 12:00:00+00:00'", True),
        ("status = 'sending', lease_until = '2026-03-01 12:00:01+00:00'", False),
        ("status = 'sending', lease_until = '2026-03-01 12:00:00+00:00'", True),
    ],
)
def test_what_is_due_or_was_left_by_its_worker_can_be_claimed(two: Two, what: str, taken: bool) -> None:
    two.change(_as_stored(two.db, what), two.first)
    assert (two.take(two.first) is not None) is taken


@pytest.mark.parametrize(("status", "abandoned"), [("queued", 0), ("sending", 1)])
def test_only_an_attempt_that_its_worker_left_counts_as_abandoned(
    two: Two, status: str, abandoned: int
) -> None:
    two.change(
        _as_stored(two.db, f"status = '{status}', lease_until = '2026-03-01 11:00:00+00:00'"), two.first
    )
    assert two.take(two.first)
    assert two.row(two.first).abandoned == abandoned


LOSES_IT = (
    "status = 'queued'",
    "status = 'sent'",
    "attempts = attempts + 1",
    "lease_until = '2026-03-01 12:00:31+00:00'",
)


@pytest.mark.parametrize("what", LOSES_IT)
def test_nothing_is_written_for_a_claim_that_is_over_or_anothers(two: Two, what: str) -> None:
    claim = two.claimed()
    two.change(_as_stored(two.db, what), two.first)
    assert _written(two, claim) == 0


def test_a_claim_writes_to_its_own_delivery_alone(two: Two) -> None:
    claim = two.claimed()
    # Another worker claims at the same instant: all else is the same.
    assert two.take(two.second)
    assert _written(two, claim) == 1
    assert [two.row(each).reason for each in (two.first, two.second)] == ["written", None]


@pytest.mark.parametrize(
    "what",
    [
        *LOSES_IT,
        "deadline_at = '2026-03-01 12:00:00+00:00'",
        "v.status = 'canceled'",
        "v.expires_at = '2026-03-01 12:00:00+00:00'",
    ],
)
def test_a_claim_holds_no_more_once_anything_of_it_is_over(two: Two, what: str) -> None:
    claim = two.claimed()
    # That of another, made at the same instant, says nothing about this one.
    assert two.take(two.second)
    assert claims.holds(two.db, claim, START)
    two.change(_as_stored(two.db, what), two.first)
    assert not claims.holds(two.db, claim, START)


def test_a_claim_holds_until_its_lease_ends(two: Two) -> None:
    claim = two.claimed()
    assert claims.holds(two.db, claim, START + LEASE - timedelta(seconds=1))
    assert not claims.holds(two.db, claim, START + LEASE)


@pytest.mark.parametrize(
    ("status", "due"), [("queued", True), ("waiting", True), ("sending", False), ("sent", False)]
)
def test_what_nobody_has_claimed_has_an_instant_at_which_it_is_due(two: Two, status: str, due: bool) -> None:
    two.change(_as_stored(two.db, "due_at = '2026-03-01 12:00:09+00:00'"), two.second)
    two.change(f"status = '{status}'", two.first)
    assert claims.due_at(two.db, two.first) == (START if due else None)


def _written(two: Two, claim: Claimed) -> int:
    with two.db.write() as connection:
        return connection.execute(claims.update_claimed(claim).values(reason="written")).rowcount


def _as_stored(db: Database, what: str) -> str:
    """An assignment in the form that the database keeps instants in."""
    return what.replace("+00:00'", ".000000'") if db.is_sqlite else what
