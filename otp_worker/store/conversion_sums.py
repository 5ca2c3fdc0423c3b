"""Statements that sum up what became of the codes that were sent, each code once, when it is settled.

How far it is summed up is written in the transaction that adds the sums, and only by whoever found it so:
any number of processes may sum up at once, and whoever dies in the middle has added nothing. The sums are
small, and what a purge or an erasure deletes stays in them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from otp_worker.domain.sent_codes import DAY, HOUR, SETTLED_AFTER, Cell, SentCodes
from otp_worker.domain.tally import Counted, Tally
from otp_worker.store import sweeps, tallies
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import conversion_blocks, verifications
from otp_worker.store.schema import sweeps as marks
from otp_worker.store.sent_codes import Span, in_cells
from otp_worker.store.tallies import Figures, Total, begin_of

_b, _m, _v = conversion_blocks.c, marks.c, verifications.c

SUMMED = "conversions_summed"
"""The sweep whose instant is how far it is summed up: what was asked for before then."""
HOURS_KEPT = tallies.KEPT[HOUR]
"""So long the figures of an hour are kept; those of a day are kept as the tallies are."""
AT_ONCE = 48
_OLDEST = timedelta(days=31)
_SHORTEST = timedelta(seconds=15)
"""Less than this is left for the next time, so that one who asks again and again writes nothing."""
NAMES = {
    "sent": Counted.CONVERSION_SENT,
    "delivered": Counted.CONVERSION_DELIVERED,
    "approved": Counted.CONVERSION_APPROVED,
}
"""The tally of each sum."""
_BY_BLOCK = ("app", "country", "block_hash")
_SUMS = ("sent", "delivered", "approved")


def sum_up(db: Database, now: datetime, most: int = AT_ONCE) -> int:
    """Sum up what is settled and was not, so many parts of at most an hour; how many were summed up here.

    Where another process sums up a part first, this one goes on behind it: in the end nothing is left.
    """
    done = 0
    for _ in range(most):
        begin = summed_until(db, now)
        if begin is None:
            break
        end = begin_of(HOUR, begin) + HOUR
        until = min(end, now - SETTLED_AFTER)
        if until < end and until - begin < _SHORTEST:
            break
        done += _sum_up(db, Span(begin, until))
    return done


def summed_until(db: Database, now: datetime) -> datetime | None:
    """How far it is summed up; None where nothing was ever asked for.

    It begins with the oldest code of the last month.
    """
    known = sweeps.last_sweep(db, SUMMED)
    if known is not None and known <= now:
        return known
    if known is not None:
        # A clock was set back: what is asked for from now on would never be summed up.
        return now if _move(db, known, now) else None
    oldest = now - _OLDEST
    with db.read() as connection:
        first = connection.execute(select(func.min(_v.created_at)).where(_v.created_at >= oldest)).scalar()
    if first is None:
        return None
    begin = begin_of(HOUR, first)
    with db.write() as connection:
        insert_missing(connection, marks, name=SUMMED, swept_at=begin)
    return sweeps.last_sweep(db, SUMMED)


def of_hour(connection: Connection, hour: datetime) -> Sequence[Row[Any]]:
    """The sums of one hour by app and block."""
    return connection.execute(select(conversion_blocks).where(_b.hour == hour)).all()


def first_hour(db: Database, since: datetime) -> datetime | None:
    """The first hour from then on in which a code was asked for that was sent; None without any."""
    with db.read() as connection:
        return connection.execute(select(func.min(_b.hour)).where(_b.hour >= since)).scalar()


def purge(db: Database, now: datetime) -> int:
    """Delete the sums of blocks that are older than an hour's figures are kept."""
    return delete_where(db, conversion_blocks, _b.hour < now - HOURS_KEPT)


def _sum_up(db: Database, span: Span) -> bool:
    """Add the sums of a span in which nothing changes any more; False where another process has."""
    with db.read() as connection:
        rows = connection.execute(in_cells(span)).all()
    hour = begin_of(HOUR, span.since)
    blocks = list(_block_rows(rows, hour))
    with db.write() as connection:
        if not _move_in(connection, span.since, span.until):
            return False
        tallies.add(connection, _figures(rows, hour))
        _add_blocks(connection, blocks)
    return True


def _move(db: Database, known: datetime, to: datetime) -> bool:
    with db.write() as connection:
        return _move_in(connection, known, to)


def _move_in(connection: Connection, known: datetime, to: datetime) -> bool:
    unchanged = (_m.name == SUMMED, _m.swept_at == known)
    return connection.execute(update(marks).where(*unchanged).values(swept_at=to)).rowcount == 1


def _figures(rows: Sequence[Row[Any]], hour: datetime) -> Figures:
    totals: dict[Tally, Total] = {}
    for row in rows:
        for name, tally_name in NAMES.items():
            more = getattr(row, name)
            if more:
                tally = Tally(tally_name, Cell(row.app, row.country, row.template, row.sim))
                totals[tally] = totals.get(tally, Total()).plus(more, 0)
    return {
        (span, begin_of(span, hour), tally): total
        for tally, total in totals.items()
        for span in (tallies.EVER, HOUR, DAY)
    }


def _block_rows(rows: Sequence[Row[Any]], hour: datetime) -> Iterator[dict[str, Any]]:
    sums: dict[tuple[str, str, bytes], SentCodes] = {}
    for row in rows:
        block = (row.app, row.country, bytes(row.block_hash))
        more = SentCodes(row.sent, row.delivered, row.approved)
        sums[block] = sums.get(block, SentCodes()).plus(more)
    # In one order, so that no two processes lock each other out.
    for block in sorted(sums):
        figures = {name: getattr(sums[block], name) for name in _SUMS}
        yield {"hour": hour, **dict(zip(_BY_BLOCK, block, strict=True)), **figures}


def _add_blocks(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    inserted = dialect.insert(conversion_blocks)
    # Row by row: one statement for all of them would be made anew for each number of rows.
    connection.execute(
        inserted.on_conflict_do_update(
            index_elements=list(conversion_blocks.primary_key),
            set_={name: _b[name] + inserted.excluded[name] for name in _SUMS},
        ),
        rows,
    )
