"""Statements that read what became of the codes that were sent: what is summed up, and what is not yet.

Both are of one moment: where another process sums up meanwhile, they are read again, so that no code is left
out and none counts twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select, func, select, union_all

from otp_worker.domain.sent_codes import Cell, SentCodes
from otp_worker.store import conversion_sums, sweeps
from otp_worker.store.conversion_sums import NAMES, SUMMED
from otp_worker.store.database import Database
from otp_worker.store.schema import conversion_blocks, tallies
from otp_worker.store.sent_codes import Span, in_cells
from otp_worker.store.tallies import begin_of, labels_of

_t, _b = tallies.c, conversion_blocks.c

_TRIES = 5
_OF_TALLY = {tally.value: name for name, tally in NAMES.items()}
Found = TypeVar("Found")


class Figure(NamedTuple):
    """The codes of one cell that were asked for in the hour or day that began at an instant."""

    at: datetime
    cell: Cell
    codes: SentCodes


class Block(NamedTuple):
    """The codes to one block of numbers."""

    country: str
    block_hash: bytes
    codes: SentCodes


@dataclass(frozen=True, slots=True)
class Window:
    """Hours or days, as long as ``span``, from ``since`` on and before ``until``; of one app or of all."""

    span: timedelta
    since: datetime
    until: datetime
    app: str | None = None
    country: str | None = None


def figures(db: Database, window: Window, now: datetime) -> list[Figure]:
    """The codes of a window by cell and by hour or day, in no order; a cell may be there more than once."""

    def read(settled_until: datetime | None) -> list[Figure]:
        return [*_summed(db, window), *_unsettled(db, window, settled_until)]

    return _of_one_moment(db, now, read)


def blocks(db: Database, window: Window, now: datetime, limit: int) -> list[Block]:
    """The blocks of a window that most codes were sent to, most first; so many at most."""

    def read(settled_until: datetime | None) -> list[Block]:
        with db.read() as connection:
            rows = connection.execute(_blocks(window, settled_until).limit(limit)).all()
        return [
            Block(row.country, bytes(row.block_hash), SentCodes(*map(int, (row[2], row[3], row[4]))))
            for row in rows
        ]

    return _of_one_moment(db, now, read)


def _of_one_moment(db: Database, now: datetime, read: Callable[[datetime | None], Found]) -> Found:
    settled_until = conversion_sums.summed_until(db, now)
    for _ in range(_TRIES):
        found, before = read(settled_until), settled_until
        settled_until = sweeps.last_sweep(db, SUMMED)
        if settled_until == before:
            break
    return found


def _summed(db: Database, window: Window) -> Iterator[Figure]:
    statement = select(_t.at, _t.name, _t.labels, _t.count).where(
        _t.span == int(window.span.total_seconds()),
        _t.at >= window.since,
        _t.at < window.until,
        _t.name.in_(NAMES.values()),
    )
    if window.app is not None:
        statement = statement.where(_t.labels.startswith(f"{window.app}|", autoescape=True))
    with db.read() as connection:
        for at, name, labels, count in connection.execute(statement):
            cell = Cell(*labels_of(labels))
            # SQLite tells no capitals from small letters in LIKE.
            if window.app in (None, cell.app) and window.country in (None, cell.country):
                yield Figure(at, cell, SentCodes(**{_OF_TALLY[name]: count}))


def _unsettled(db: Database, window: Window, settled_until: datetime | None) -> Iterator[Figure]:
    for piece in _pieces(window, settled_until):
        with db.read() as connection:
            rows = connection.execute(in_cells(piece, window.app)).all()
        at = begin_of(window.span, piece.since)
        for row in rows:
            if window.country in (None, row.country):
                cell = Cell(row.app, row.country, row.template, row.sim)
                yield Figure(at, cell, SentCodes(row.sent, row.delivered, row.approved))


def _pieces(window: Window, settled_until: datetime | None) -> Iterator[Span]:
    """What is not settled of a window, cut at its hours or days."""
    begin = max(settled_until or window.until, window.since)
    while begin < window.until:
        end = min(begin_of(window.span, begin) + window.span, window.until)
        yield Span(begin, end)
        begin = end


def _blocks(window: Window, settled_until: datetime | None) -> Select[Any]:
    parts = [
        select(_b.country, _b.block_hash, _b.sent, _b.delivered, _b.approved).where(
            _b.hour >= window.since,
            _b.hour < window.until,
            *([_b.app == window.app] if window.app is not None else []),
        )
    ]
    if settled_until is not None:
        rest = Span(max(settled_until, window.since), window.until)
        unsettled = in_cells(rest, window.app).subquery().c
        parts.append(
            select(
                unsettled.country,
                unsettled.block_hash,
                unsettled.sent,
                unsettled.delivered,
                unsettled.approved,
            )
        )
    both = union_all(*parts).subquery().c
    sent = func.sum(both.sent)
    return (
        select(both.country, both.block_hash, sent, func.sum(both.delivered), func.sum(both.approved))
        .where(*([both.country == window.country] if window.country is not None else []))
        .group_by(both.country, both.block_hash)
        .order_by(sent.desc(), both.block_hash)
    )
