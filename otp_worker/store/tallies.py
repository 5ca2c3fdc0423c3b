"""Statements for the tallies: what is counted of the steps, once in all and by the spans of time.

A purge takes steps and verifications along, and never a tally of all that was ever counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from otp_worker.domain.tally import Count, Tally
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database
from otp_worker.store.schema import tallies

_t = tallies.c

EVER = timedelta(0)
KEPT = {
    timedelta(seconds=30): timedelta(hours=1),
    timedelta(hours=1): timedelta(days=8),
    timedelta(days=1): timedelta(days=400),
}
"""The spans of time that are counted apart, and how long each is kept."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = "|"
"""Ends each label; no name of a gateway, SIM or reason holds one."""
Figure = tuple[timedelta, datetime, Tally]
"""What is counted in a span that began at an instant."""


@dataclass(frozen=True, slots=True)
class Total:
    """What was counted of one figure; ``milliseconds`` is the sum of its times."""

    count: int = 0
    milliseconds: int = 0

    def plus(self, count: int, milliseconds: int) -> "Total":
        """It, and so much more."""
        return Total(self.count + count, self.milliseconds + milliseconds)


Figures = Mapping[Figure, Total]


class Period(NamedTuple):
    """The spans of one length from an instant on."""

    span: timedelta
    begin: datetime


def begin_of(span: timedelta, at: datetime) -> datetime:
    """When the span began that an instant is in; spans are counted from 1970 on, in UTC."""
    return at - (at - _EPOCH) % span if span else _EPOCH


def summed(counted: Iterable[tuple[datetime, Count]]) -> Figures:
    """What counts add to the figures of all spans that their instants are in, and to those of all time."""
    # First by the shortest span: most counts share one, and its sums are those of the longer ones.
    shortest = min(KEPT)
    sums: Counter[tuple[datetime, Tally]] = Counter()
    times: Counter[tuple[datetime, Tally]] = Counter()
    for at, each in counted:
        key = (begin_of(shortest, at), each.tally)
        sums[key] += 1
        times[key] += each.milliseconds
    figures: dict[Figure, Total] = {}
    for (at, tally), count in sums.items():
        for figure in _figures(at, tally):
            figures[figure] = figures.get(figure, Total()).plus(count, times[at, tally])
    return figures


def at_once(at: datetime, totals: Mapping[Tally, Total]) -> Figures:
    """What totals of one instant add to the figures of all spans that it is in, and to those of all time."""
    return {figure: total for tally, total in totals.items() for figure in _figures(at, tally)}


def for_ever(totals: Mapping[Tally, Total]) -> Figures:
    """What totals add to the figures of all time alone."""
    return {(EVER, _EPOCH, tally): total for tally, total in totals.items()}


def add(connection: Connection, figures: Figures) -> None:
    """Add to figures, in the transaction of what they are of."""
    rows = [
        {
            "span": int(span.total_seconds()),
            "at": at,
            "name": tally.name,
            "labels": "".join(label + _END for label in tally.labels),
            "bucket": tally.bucket,
            "count": figures[span, at, tally].count,
            "milliseconds": figures[span, at, tally].milliseconds,
        }
        # In one order, so that two processes which add at once do not lock each other out.
        for span, at, tally in sorted(figures)
    ]
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    inserted = dialect.insert(tallies)
    # Row by row: one statement for all of them would be made anew for each number of rows.
    connection.execute(
        inserted.on_conflict_do_update(
            index_elements=list(tallies.primary_key),
            set_={
                "count": _t.count + inserted.excluded.count,
                "milliseconds": _t.milliseconds + inserted.excluded.milliseconds,
            },
        ),
        rows,
    )


def ever(db: Database, names: Sequence[str]) -> dict[Tally, Total]:
    """All that was ever counted under these names."""
    with db.read() as connection:
        return ever_in(connection, names)


def ever_in(connection: Connection, names: Sequence[str]) -> dict[Tally, Total]:
    """All that was ever counted under these names, in the transaction of what follows from it."""
    statement = select(_t.name, _t.labels, _t.bucket, _t.count, _t.milliseconds).where(
        _t.span == 0, _t.at == _EPOCH, _t.name.in_(names)
    )
    return {
        Tally(name, labels_of(labels), bucket): Total(count, milliseconds)
        for name, labels, bucket, count, milliseconds in connection.execute(statement)
    }


def by_time(db: Database, period: Period, names: Sequence[str]) -> dict[str, Counter[datetime]]:
    """How often each of these names was counted in each span of a period, by when the span began."""
    found: dict[str, Counter[datetime]] = {name: Counter() for name in names}
    for name, at, count in _sums(db, period, names, _t.at):
        found[name][at] = count
    return found


def by_bucket(db: Database, period: Period, names: Sequence[str]) -> dict[str, Counter[int]]:
    """How often each of these names was counted in a period, by the bucket of the time."""
    found: dict[str, Counter[int]] = {name: Counter() for name in names}
    for name, bucket, count in _sums(db, period, names, _t.bucket):
        found[name][bucket] = count
    return found


def by_labels(db: Database, period: Period, names: Sequence[str]) -> dict[str, Counter[tuple[str, ...]]]:
    """How often each of these names was counted in a period, by its labels."""
    found: dict[str, Counter[tuple[str, ...]]] = {name: Counter() for name in names}
    for name, labels, count in _sums(db, period, names, _t.labels):
        found[name][labels_of(labels)] = count
    return found


def purge(db: Database, now: datetime) -> int:
    """Delete the figures of spans that are over for long; never those of all time."""
    return sum(
        delete_where(db, tallies, _t.span == int(span.total_seconds()), _t.at < now - kept)
        for span, kept in KEPT.items()
    )


def _figures(at: datetime, tally: Tally) -> Iterator[Figure]:
    for span in (EVER, *KEPT):
        yield span, begin_of(span, at), tally


def _sums(
    db: Database, period: Period, names: Sequence[str], column: Column[Any]
) -> Iterator[tuple[str, Any, int]]:
    statement = (
        select(_t.name, column, func.sum(_t.count))
        .where(_t.span == int(period.span.total_seconds()), _t.at >= period.begin, _t.name.in_(names))
        .group_by(_t.name, column)
    )
    with db.read() as connection:
        for name, value, count in connection.execute(statement):
            yield name, value, int(count)


def labels_of(joined: str) -> tuple[str, ...]:
    """The labels as they were before they were joined."""
    return tuple(joined.split(_END)[:-1])
