"""Statements for the tallies: what is counted of the steps, once in all and by the spans of time.

A purge takes steps and verifications along, and never a tally of all that was ever counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from otp_worker.domain.tally import Count, Tally
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database
from otp_worker.store.schema import tallies

_t = tallies.c

EVER = timedelta(0)
KEPT = {
    timedelta(seconds=30): timedelta(hours=1),
    timedelta(hours=1): timedelta(days=3),
    timedelta(days=1): timedelta(days=400),
}
"""The spans of time that are counted apart, and how long each is kept."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROWS_AT_ONCE = 500
_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Total:
    """What was counted of one figure; ``milliseconds`` is the sum of its times."""

    count: int = 0
    milliseconds: int = 0


def begin_of(span: timedelta, at: datetime) -> datetime:
    """When the span began that an instant is in; spans are counted from 1970 on, in UTC."""
    return at - (at - _EPOCH) % span if span else _EPOCH


def add(connection: Connection, counted: Iterable[tuple[datetime, Count]]) -> None:
    """Add counts to the figures of all spans that their instants are in, and to those of all time."""
    sums: Counter[tuple[timedelta, datetime, Tally]] = Counter()
    times: Counter[tuple[timedelta, datetime, Tally]] = Counter()
    for at, each in counted:
        for span in (EVER, *KEPT):
            key = (span, begin_of(span, at), each.tally)
            sums[key] += 1
            times[key] += each.milliseconds
    _add(connection, [(*key, Total(count, times[key])) for key, count in sums.items()])


def add_ever(connection: Connection, totals: Mapping[Tally, Total]) -> None:
    """Add to the figures of all time alone."""
    _add(connection, [(EVER, _EPOCH, tally, total) for tally, total in totals.items()])


def ever(db: Database, names: Sequence[str]) -> dict[Tally, Total]:
    """All that was ever counted under these names."""
    statement = select(_t.name, _t.labels, _t.bucket, _t.count, _t.milliseconds).where(
        _t.span == 0, _t.at == _EPOCH, _t.name.in_(names)
    )
    with db.read() as connection:
        return {
            Tally(name, tuple(labels.split(_SEPARATOR)) if labels else (), bucket): Total(count, milliseconds)
            for name, labels, bucket, count, milliseconds in connection.execute(statement)
        }


def since(
    db: Database, span: timedelta, begin: datetime, names: Sequence[str]
) -> dict[Tally, Counter[datetime]]:
    """What was counted under these names in the spans from ``begin`` on, by when they began."""
    statement = (
        select(_t.name, _t.labels, _t.bucket, _t.at, func.sum(_t.count))
        .where(_t.span == int(span.total_seconds()), _t.at >= begin, _t.name.in_(names))
        .group_by(_t.name, _t.labels, _t.bucket, _t.at)
    )
    found: dict[Tally, Counter[datetime]] = {}
    with db.read() as connection:
        for name, labels, bucket, at, count in connection.execute(statement):
            tally = Tally(name, tuple(labels.split(_SEPARATOR)) if labels else (), bucket)
            found.setdefault(tally, Counter())[at] += int(count)
    return found


def purge(db: Database, now: datetime) -> int:
    """Delete the figures of spans that are over for long; never those of all time."""
    return sum(
        delete_where(db, tallies, _t.span == int(span.total_seconds()), _t.at < now - kept)
        for span, kept in KEPT.items()
    )


def _add(connection: Connection, figures: Sequence[tuple[timedelta, datetime, Tally, Total]]) -> None:
    rows = [
        {
            "span": int(span.total_seconds()),
            "at": at,
            "name": tally.name,
            "labels": _SEPARATOR.join(tally.labels),
            "bucket": tally.bucket,
            "count": total.count,
            "milliseconds": total.milliseconds,
        }
        # In one order, so that two processes which add at once do not lock each other out.
        for span, at, tally, total in sorted(figures, key=lambda each: each[:3])
    ]
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        inserted = dialect.insert(tallies).values(rows[first : first + _ROWS_AT_ONCE])
        connection.execute(
            inserted.on_conflict_do_update(
                index_elements=list(tallies.primary_key),
                set_={
                    "count": _t.count + inserted.excluded.count,
                    "milliseconds": _t.milliseconds + inserted.excluded.milliseconds,
                },
            )
        )
