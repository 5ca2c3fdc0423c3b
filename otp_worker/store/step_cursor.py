"""Statements that go through the steps, each exactly once and in the order of their numbers.

Postgres gives out a number before the step that has it is committed, so that a later number can be seen
earlier. Where a number is missing, a cursor waits for it as long as its transaction may last; a number that
was rolled back is then passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, update

from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import counters, steps, sweeps

_s, _c, _w = steps.c, counters.c, sweeps.c

AT_ONCE = 2_000
LONGEST_TRANSACTION = timedelta(seconds=60)
"""No transaction that writes steps lasts so long: the waits in it are bounded by much less."""


@dataclass(frozen=True, slots=True)
class StepCursor:
    """How far one reader of the steps has come: ``name`` in the counters, and ``seen`` what it waits for."""

    name: str
    seen: str

    def position(self, connection: Connection) -> int | None:
        """The number of the last step that was read; None where nothing was read ever."""
        return connection.execute(select(_c.value).where(_c.name == self.name)).scalar()

    def begin(self, connection: Connection, number: int) -> bool:
        """Begin behind the step of that number; False where there is a position already."""
        return insert_missing(connection, counters, name=self.name, value=number)

    def after(self, connection: Connection, position: int) -> list[int]:
        """The numbers of the steps that follow, at most AT_ONCE."""
        following = select(_s.id).where(_s.id > position).order_by(_s.id).limit(AT_ONCE)
        return list(connection.execute(following).scalars())

    def complete(
        self, db: Database, connection: Connection, position: int, found: Sequence[int], now: datetime
    ) -> int:
        """The last of the numbers ``found`` behind the position before which none can appear any more."""
        if not found:
            return position
        # SQLite lets in one writer at a time: what has a number is committed.
        upto = found[-1] if db.is_sqlite else _unbroken(position, found)
        if upto == found[-1]:
            return upto
        mark = connection.execute(
            select(_c.value, _w.swept_at).join(sweeps, _w.name == _c.name).where(_c.name == self.seen)
        ).first()
        if mark is None or mark.value <= upto or mark.swept_at > now:
            self._set_mark(db, found[-1], now)
            return upto
        if mark.swept_at > now - LONGEST_TRANSACTION:
            return upto
        return _unbroken(max((number for number in found if number <= mark.value), default=upto), found)

    def move(self, connection: Connection, position: int, upto: int) -> bool:
        """Go on, in the transaction of what was made of these steps; False if another process did before."""
        unchanged = (_c.name == self.name, _c.value == position)
        return bool(connection.execute(update(counters).where(*unchanged).values(value=upto)).rowcount)

    def _set_mark(self, db: Database, number: int, now: datetime) -> None:
        """Remember that a number had been given out by now."""
        with db.write() as connection:
            insert_missing(connection, counters, name=self.seen, value=number)
            insert_missing(connection, sweeps, name=self.seen, swept_at=now)
            connection.execute(update(counters).where(_c.name == self.seen).values(value=number))
            connection.execute(update(sweeps).where(_w.name == self.seen).values(swept_at=now))


def number_before(connection: Connection, instant: datetime) -> int:
    """A number behind which every step is that was written at that instant or later.

    A step is written at most a transaction's length after its instant, so the numbers are in the order of
    time as far as that; the answer is some steps too low rather than one too high.
    """
    target = instant - 2 * LONGEST_TRANSACTION
    first, last = connection.execute(select(func.min(_s.id), func.max(_s.id))).one()
    low, high = (first or 1) - 1, last or 0
    while low < high:
        middle = (low + high + 1) // 2
        row = connection.execute(select(_s.id, _s.at).where(_s.id >= middle).order_by(_s.id).limit(1)).first()
        if row is None or row.at >= target:
            high = middle - 1
        else:
            low = row.id
    return low


def _unbroken(position: int, found: Sequence[int]) -> int:
    for number in found:
        if number == position + 1:
            position = number
    return position
