"""Statements that count the steps: each exactly once, in the order of their numbers.

How far they are counted is written in the transaction that adds what they count: whoever dies in the middle
has counted nothing. Postgres gives out a number before the step that has it is committed, so that a later
number can be seen earlier. Where a number is missing, counting waits for it as long as its transaction may
last; a number that was rolled back is then passed over.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from otp_worker.domain.step import StepKind
from otp_worker.domain.tally import Count, Subject, counts_of
from otp_worker.store import tallies
from otp_worker.store.counted_refusals import count_refusals, gained, take_over
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import counters, steps, sweeps, verifications
from otp_worker.store.steps import step_of

_s, _v, _c, _w = steps.c, verifications.c, counters.c, sweeps.c

AT_ONCE = 2_000
LONGEST_TRANSACTION = timedelta(seconds=60)
"""No transaction that writes steps lasts so long: the waits in it are bounded by much less."""
_COUNTED, _SEEN = "steps_counted", "steps_seen"
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
        after = select(_s.id).where(_s.id > counted).order_by(_s.id).limit(AT_ONCE)
        found = list(connection.execute(after).scalars())
        if not found and not gained(connection):
            return 0
        # SQLite lets in one writer at a time: what has a number is committed.
        upto = found[-1] if found and db.is_sqlite else _complete(db, connection, counted, found, now)
        figures = tallies.summed(_counts(connection, counted, upto))
    with db.write() as connection:
        unchanged = (_c.name == _COUNTED, _c.value == counted)
        if not connection.execute(update(counters).where(*unchanged).values(value=upto)).rowcount:
            # Another process has counted these meanwhile.
            return 0
        count_refusals(connection, now)
        tallies.add(connection, figures)
    return sum(number <= upto for number in found)


def _counted(db: Database) -> int:
    """The number of the last step that is counted."""
    with db.read() as connection:
        value: int | None = connection.execute(select(_c.value).where(_c.name == _COUNTED)).scalar()
    if value is not None:
        return value
    with db.write() as connection:
        if insert_missing(connection, counters, name=_COUNTED, value=0):
            take_over(connection)
    return 0


def _complete(db: Database, connection: Connection, counted: int, found: Sequence[int], now: datetime) -> int:
    """The last of the numbers before which none can appear any more."""
    upto = _unbroken(counted, found)
    if not found or upto == found[-1]:
        return upto
    mark = connection.execute(
        select(_c.value, _w.swept_at).join(sweeps, _w.name == _c.name).where(_c.name == _SEEN)
    ).first()
    if mark is None or mark.value <= upto or mark.swept_at > now:
        _set_mark(db, found[-1], now)
        return upto
    if mark.swept_at > now - LONGEST_TRANSACTION:
        return upto
    return _unbroken(max((number for number in found if number <= mark.value), default=upto), found)


def _unbroken(counted: int, found: Sequence[int]) -> int:
    for number in found:
        if number == counted + 1:
            counted = number
    return counted


def _set_mark(db: Database, number: int, now: datetime) -> None:
    """Remember that a number had been given out by now."""
    with db.write() as connection:
        insert_missing(connection, counters, name=_SEEN, value=number)
        insert_missing(connection, sweeps, name=_SEEN, swept_at=now)
        connection.execute(update(counters).where(_c.name == _SEEN).values(value=number))
        connection.execute(update(sweeps).where(_w.name == _SEEN).values(swept_at=now))


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
