"""Statements for what became of the codes sent to a block or a country: in the last hour, and usually.

What is usual is drawn from the figures of conversion, hour by hour, so that it costs little to ask.
"""

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from otp_worker.domain.pumping import SETTLING_SECONDS, WINDOW_SECONDS, Figures, PumpedKind
from otp_worker.store import conversion_sums, sweeps
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_ignoring
from otp_worker.store.schema import conversions, pauses, verifications
from otp_worker.store.sent_codes import WAS_APPROVED, Span, were_sent

_v, _c, _p = verifications.c, conversions.c, pauses.c

ALL = "all"
EVERYBODY = b"*"
SUMMED = "conversions_by_app"
"""The sweep whose instant is the end of the last hour that is summed up."""
HOURS_AT_ONCE = 48

_SENDS = func.count()
_APPROVALS = func.count().filter(WAS_APPROVED)


class Recent(NamedTuple):
    """What an app sent to a block or a country lately; ``number`` is one of its, where one is still kept."""

    app: str
    place: bytes
    country: str
    figures: Figures
    number: str | None


def subject_of(app: str, place: bytes) -> bytes:
    """What stands for what an app sends to a block, to a country, or to everybody."""
    return hashlib.sha256(app.encode() + b"\0" + place).digest()


def recent(db: Database, kind: PumpedKind, span: Span, min_sends: int) -> list[Recent]:
    """Where an app had at least so many codes handed over of those that it asked for in a span."""
    column = _v.block_hash if kind is PumpedKind.BLOCK else _v.country
    statement = (
        select(_v.app, column, func.max(_v.country), _SENDS, _APPROVALS, func.max(_v.number))
        .where(*were_sent(span))
        .group_by(_v.app, column)
        .having(min_sends <= _SENDS)
    )
    with db.read() as connection:
        rows = connection.execute(statement).all()
    return [
        Recent(app, _bytes(place), country, Figures(sends, approvals), number)
        for app, place, country, sends, approvals, number in rows
    ]


def past(db: Database, kind: str, subject: bytes, span: Span) -> Figures:
    """What was summed up of a subject, of the whole hours of a span."""
    statement = select(func.sum(_c.sends), func.sum(_c.approvals)).where(
        _c.kind == kind, _c.subject == subject, _c.hour >= span.since, _c.hour < whole_hour(span.until)
    )
    with db.read() as connection:
        sends, approvals = connection.execute(statement).one()
    return Figures(int(sends or 0), int(approvals or 0))


def hours_known(db: Database, app: str, span: Span) -> float:
    """How many hours of a span something of an app was summed up for, if only elsewhere."""
    everybody = subject_of(app, EVERYBODY)
    statement = select(func.min(_c.hour)).where(
        _c.kind == ALL, _c.subject == everybody, _c.hour >= span.since
    )
    with db.read() as connection:
        first = connection.execute(statement).scalar()
    return max((whole_hour(span.until) - first) / _HOUR, 0.0) if first is not None else 0.0


def sum_up(db: Database, now: datetime, since: datetime) -> int:
    """Sum up the whole hours since then whose codes are all over; how many. Any number of sweeps may."""
    conversion_sums.sum_up(db, now)
    settled_until = conversion_sums.summed_until(db, now)
    if settled_until is None:
        return 0
    hour = _next_hour(db, since)
    summed = 0
    while hour is not None and summed < HOURS_AT_ONCE and hour + _HOUR <= settled_until:
        _sum_up_hour(db, hour)
        hour += _HOUR
        summed += 1
    if hour is not None and summed:
        # Once for all of them: whoever dies before sums them up again, to the same.
        sweeps.record_sweep(db, SUMMED, hour)
    return summed


def sum_up_again(db: Database, since: datetime) -> None:
    """Let the sums of the hours from that instant on be made again."""
    hour = whole_hour(since)
    delete_where(db, conversions, _c.hour >= hour)
    summed_until = sweeps.last_sweep(db, SUMMED)
    if summed_until is not None and summed_until > hour:
        sweeps.record_sweep(db, SUMMED, hour)


def forget_hours(db: Database, before: datetime) -> None:
    """Delete the sums of hours before then."""
    delete_where(db, conversions, _c.hour < before)


_HOUR = timedelta(hours=1)
_JUDGED = timedelta(seconds=WINDOW_SECONDS + SETTLING_SECONDS)


def _next_hour(db: Database, since: datetime) -> datetime | None:
    summed_until = sweeps.last_sweep(db, SUMMED)
    if summed_until is None:
        return conversion_sums.first_hour(db, whole_hour(since))
    return max(summed_until, whole_hour(since))


def _sum_up_hour(db: Database, hour: datetime) -> None:
    with db.read() as connection:
        pumped = _pumped(connection, hour)
        groups = conversion_sums.of_hour(connection, hour)
    sums: dict[tuple[str, bytes], Figures] = {}
    for row in groups:
        subjects = [
            (PumpedKind.BLOCK.value, subject_of(row.app, bytes(row.block_hash))),
            (PumpedKind.COUNTRY.value, subject_of(row.app, row.country.encode())),
            (ALL, subject_of(row.app, EVERYBODY)),
        ]
        if pumped.isdisjoint(subjects):
            for subject in subjects:
                so_far = sums.get(subject, Figures(0, 0))
                sums[subject] = Figures(so_far.sends + row.sent, so_far.approvals + row.approved)
    rows = [
        {"kind": kind, "subject": subject, "hour": hour, "sends": sum_.sends, "approvals": sum_.approvals}
        for (kind, subject), sum_ in sums.items()
    ]
    if rows:
        with db.write() as connection:
            connection.execute(insert_ignoring(connection, conversions), rows)


def _pumped(connection: Connection, hour: datetime) -> set[tuple[str, bytes]]:
    # What was pumped is not what is usual, there or anywhere: the hours that led to a pause are left out.
    near = select(_p.kind, _p.subject).where(
        _p.observed.is_(False), _p.paused_at > hour - _HOUR, _p.paused_at < hour + _JUDGED + _HOUR
    )
    return {(kind, bytes(subject)) for kind, subject in connection.execute(near)}


def whole_hour(instant: datetime) -> datetime:
    """The beginning of the hour that an instant is in."""
    return instant.replace(minute=0, second=0, microsecond=0)


def _bytes(subject: bytes | str) -> bytes:
    return subject.encode() if isinstance(subject, str) else bytes(subject)
