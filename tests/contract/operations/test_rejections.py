"""Counting refusals, over SQLite and over Postgres."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from otp_worker.domain.errors import (
    CountryNotAllowedError,
    NumberLockedError,
    RateLimitExceededError,
    RequestError,
    ScopeMissingError,
    TooSoonError,
    UnauthenticatedError,
)
from otp_worker.domain.limits import Limit
from otp_worker.operations.rejections import REASONS, STORE_SECONDS, Rejections
from otp_worker.store import counters
from otp_worker.store.database import Database
from tests.contract.service import START

PARALLEL = 100
LOCKED = NumberLockedError(None)


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that have passed, which only the test moves."""
    seconds = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    return seconds


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    event.listen(db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(db.engine, "before_cursor_execute", note)


@contextmanager
def away(db: Database) -> Iterator[None]:
    """The database cannot be written to."""
    with db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE counters RENAME TO hidden")
    yield
    with db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO counters")


def stored(db: Database) -> int:
    return sum(counters.read(db, [f"refused_{reason}" for reason in REASONS]).values())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        *((RateLimitExceededError(limit, 1, 60, START), f"limit_{limit}") for limit in Limit),
        (LOCKED, "number_locked"),
        (TooSoonError(START, START, START), "too_soon"),
        (CountryNotAllowedError("FR"), "country"),
        (ScopeMissingError("not for this"), "scope"),
        (UnauthenticatedError("unknown"), "unauthenticated"),
    ],
)
def test_every_refusal_has_its_reason(db: Database, error: RequestError, reason: str) -> None:
    refusals = Rejections(db)
    assert refusals.totals() == dict.fromkeys(REASONS, 0)
    refusals.count(error)
    assert refusals.totals() == dict.fromkeys(REASONS, 0) | {reason: 1}


def test_a_flood_is_one_statement_a_second(db: Database, passed: list[float]) -> None:
    refusals = Rejections(db)
    with statements(db) as asked:
        for _ in range(100):
            refusals.count(LOCKED)
            refusals.count(TooSoonError(START, START, START))
        assert len(asked) == 1
        passed[0] += STORE_SECONDS
        refusals.count(LOCKED)
    assert len(asked) == 2
    assert stored(db) == 201


def test_nothing_is_stored_where_nothing_was_refused(db: Database) -> None:
    refusals = Rejections(db)
    with statements(db) as asked:
        refusals.totals()
    assert [statement for statement in asked if "INSERT" in statement] == []


def test_the_processes_count_together_and_no_total_ever_falls(db: Database, passed: list[float]) -> None:
    web = [Rejections(db), Rejections(db)]
    seen = 0
    for count in range(1, 30):
        for _ in range(count):
            web[count % 2].count(LOCKED)
        for asked in web:
            total = asked.totals()["number_locked"]
            assert total >= seen
            seen = total
        passed[0] += 0.3
    assert seen == sum(range(1, 30))


def test_all_that_is_refused_at_once_is_counted(db: Database) -> None:
    web = [Rejections(db), Rejections(db)]
    errors = [LOCKED, TooSoonError(START, START, START), CountryNotAllowedError("FR")]

    def refuse(number: int) -> None:
        # Due at once, so that they do store at the same time.
        web[number % 2]._store_at = 0.0
        web[number % 2].count(errors[number % 3])

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(refuse, range(PARALLEL)))
    for asked in web:
        asked.totals()
    assert stored(db) == PARALLEL


def test_a_database_that_is_away_fails_nothing_and_is_told_later(db: Database, passed: list[float]) -> None:
    refusals = Rejections(db)
    with away(db):
        for _ in range(3):
            refusals.count(LOCKED)
            passed[0] += STORE_SECONDS
    refusals.count(LOCKED)
    assert stored(db) == 4


def test_a_database_that_is_away_is_not_asked_for_every_refusal(db: Database, passed: list[float]) -> None:
    refusals = Rejections(db)
    with away(db), statements(db) as asked:
        for _ in range(3):
            refusals.count(LOCKED)
        assert len(asked) == 1


def test_two_that_store_at_once_never_lock_each_other_out(db: Database) -> None:
    there = dict.fromkeys(REASONS, 1)
    back = dict.fromkeys(reversed(REASONS), 1)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda counts: counters.add(db, counts), [there, back] * PARALLEL))
    assert counters.read(db, REASONS) == dict.fromkeys(REASONS, 2 * PARALLEL)
