"""Statements that count the steps: each exactly once, in the order of their numbers.

How far they are counted is written in the transaction that adds what they count: whoever dies in the middle
has counted nothing.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, select

from otp_worker.domain.step import StepKind
from otp_worker.domain.tally import Count, Subject, counts_of
from otp_worker.store import tallies
from otp_worker.store.counted_refusals import count_refusals, gained, take_over
from otp_worker.store.database import Database
from otp_worker.store.schema import steps, verifications
from otp_worker.store.step_cursor import AT_ONCE, StepCursor
from otp_worker.store.steps import step_of

_s, _v = steps.c, verifications.c

_CURSOR = StepCursor("steps_counted", "steps_seen")
_KINDS = (
    StepKind.ACCEPTED,
    StepKind.ATTEMPT,
    StepKind.TAKEN,
    StepKind.RECEIPT,
    StepKind.CHECK,
    StepKind.APPROVED,
    StepKind.ENDED,
)


def count_steps(db: Database, now: datetime, batches: int = 10) -> int:
    """Count the steps that were not counted yet, so many batches at most; how many were counted.

    Any number of processes may ask at once.
    """
    total = 0
    for _ in range(batches):
        counted = _count_batch(db, now)
        total += counted
        if counted < AT_ONCE:
            break
    return total


def _count_batch(db: Database, now: datetime) -> int:
    counted = _counted(db)
    with db.read() as connection:
        found = _CURSOR.after(connection, counted)
        if not found and not gained(connection):
            return 0
        upto = _CURSOR.complete(db, connection, counted, found, now)
        figures = tallies.summed(_counts(connection, counted, upto))
    with db.write() as connection:
        if not _CURSOR.move(connection, counted, upto):
            # Another process has counted these meanwhile.
            return 0
        count_refusals(connection, now)
        tallies.add(connection, figures)
    return sum(number <= upto for number in found)


def _counted(db: Database) -> int:
    """The number of the last step that is counted."""
    with db.read() as connection:
        value = _CURSOR.position(connection)
    if value is not None:
        return value
    with db.write() as connection:
        if _CURSOR.begin(connection, 0):
            take_over(connection)
    return 0


def _counts(connection: Connection, counted: int, upto: int) -> Iterator[tuple[datetime, Count]]:
    """What these steps count, each at its instant; what was asked for with a test key counts for nothing."""
    statement = (
        select(steps, _v.country, _v.channel, _v.created_at, _v.handed_at)
        .join(verifications, _v.id == _s.verification_id)
        .where(_s.id > counted, _s.id <= upto, _s.kind.in_(_KINDS), _v.test.is_(False))
    )
    for row in connection.execute(statement):
        step = step_of(row)
        subject = Subject(row.country, row.channel, row.created_at, row.handed_at is not None)
        for count in counts_of(step, subject):
            yield step.at, count
