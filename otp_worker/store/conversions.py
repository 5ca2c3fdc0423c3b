"""Statements for what became of the codes sent to a block or a country: in the last hour, and usually.

Whole hours that nothing can change any more are summed up once, so that what is usual costs little to ask.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, cast, func, literal, select

from otp_worker.domain.policy import MAX_LIFE_SECONDS
from otp_worker.domain.pumping import SETTLING_SECONDS, WINDOW_SECONDS, Figures, PumpedKind
from otp_worker.domain.verification import VerificationStatus
from otp_worker.store import sweeps
from otp_worker.store.database import Database, insert_ignoring
from otp_worker.store.schema import conversions, pauses, verifications

_v, _c, _p = verifications.c, conversions.c, pauses.c

ALL = "all"
EVERYBODY = b"*"
SUMMED = "conversions"
"""The sweep whose instant is the end of the last hour that is summed up."""
HOURS_AT_ONCE = 48

_SENDS = func.count()
_APPROVALS = func.count().filter(_v.status == VerificationStatus.APPROVED)


class Recent(NamedTuple):
    """What a block or a country sent lately; ``number`` is one of its numbers, where one is still kept."""

    subject: bytes
    country: str
    figures: Figures
    number: str | None


class Span(NamedTuple):
    """From an instant on, up to another."""

    since: datetime
    until: datetime


def recent(db: Database, kind: PumpedKind, span: Span, min_sends: int) -> list[Recent]:
    """The blocks or countries with at least so many codes handed over of those asked for in a span."""
    column = _v.block_hash if kind is PumpedKind.BLOCK else _v.country
    statement = (
        select(column.label("subject"), func.max(_v.country), _SENDS, _APPROVALS, func.max(_v.number))
        .where(*_handed_over(span))
        .group_by(column)
        .having(min_sends <= _SENDS)
    )
    with db.read() as connection:
        rows = connection.execute(statement).all()
    return [
        Recent(_bytes(subject), country, Figures(sends, approvals), number)
        for subject, country, sends, approvals, number in rows
    ]


def past(db: Database, kind: str, subject: bytes, span: Span) -> Figures:
    """What was summed up of a subject, of the whole hours of a span."""
    statement = select(func.sum(_c.sends), func.sum(_c.approvals)).where(
        _c.kind == kind, _c.subject == subject, _c.hour >= span.since, _c.hour < whole_hour(span.until)
    )
    with db.read() as connection:
        sends, approvals = connection.execute(statement).one()
    return Figures(int(sends or 0), int(approvals or 0))


def hours_known(db: Database, span: Span) -> float:
    """How many hours of a span something was summed up for, if only elsewhere."""
    statement = select(func.min(_c.hour)).where(_c.kind == ALL, _c.hour >= span.since)
    with db.read() as connection:
        first = connection.execute(statement).scalar()
    return max((whole_hour(span.until) - first) / _HOUR, 0.0) if first is not None else 0.0


def sum_up(db: Database, now: datetime, since: datetime) -> int:
    """Sum up the whole hours since then whose codes are all over; how many. Any number of sweeps may."""
    hour = _next_hour(db, since)
    summed = 0
    while hour is not None and summed < HOURS_AT_ONCE and hour + _FINAL <= now:
        for kind, subject in _SUBJECTS.items():
            _sum_up_hour(db, kind, subject, hour)
        hour += _HOUR
        sweeps.record_sweep(db, SUMMED, hour)
        summed += 1
    return summed


def sum_up_again(db: Database, since: datetime) -> None:
    """Let the sums of the hours from that instant on be made again."""
    hour = whole_hour(since)
    with db.update() as connection:
        connection.execute(conversions.delete().where(_c.hour >= hour))
    summed_until = sweeps.last_sweep(db, SUMMED)
    if summed_until is not None and summed_until > hour:
        sweeps.record_sweep(db, SUMMED, hour)


def forget_hours(db: Database, before: datetime) -> None:
    """Delete the sums of hours before then."""
    with db.update() as connection:
        connection.execute(conversions.delete().where(_c.hour < before))


_HOUR = timedelta(hours=1)
_FINAL = _HOUR + timedelta(seconds=MAX_LIFE_SECONDS)
_JUDGED = timedelta(seconds=WINDOW_SECONDS + SETTLING_SECONDS)
_COUNTRY = cast(_v.country, LargeBinary)
_SUBJECTS: dict[str, ColumnElement[Any]] = {
    PumpedKind.BLOCK: _v.block_hash,
    PumpedKind.COUNTRY: _COUNTRY,
    ALL: literal(EVERYBODY, LargeBinary),
}


def _next_hour(db: Database, since: datetime) -> datetime | None:
    summed_until = sweeps.last_sweep(db, SUMMED)
    if summed_until is None:
        with db.read() as connection:
            first = connection.execute(select(func.min(_v.created_at)).where(_v.created_at >= since)).scalar()
        return whole_hour(first) if first is not None else None
    return max(summed_until, whole_hour(since))


def _sum_up_hour(db: Database, kind: str, subject: ColumnElement[Any], hour: datetime) -> None:
    sums = (
        select(literal(kind), subject.label("subject"), literal(hour, _c.hour.type), _SENDS, _APPROVALS)
        .where(*_handed_over(Span(hour, hour + _HOUR)), *_not_pumped(hour))
        .group_by(subject)
    )
    with db.write() as connection:
        columns = ["kind", "subject", "hour", "sends", "approvals"]
        connection.execute(insert_ignoring(connection, conversions).from_select(columns, sums))


def _handed_over(span: Span) -> list[ColumnElement[bool]]:
    # What never reached a phone is no sign of anything: a phone that is offline must not look like pumping.
    return [
        _v.created_at >= span.since,
        _v.created_at < span.until,
        _v.handed_at.is_not(None),
        _v.test.is_(False),
    ]


def _not_pumped(hour: datetime) -> list[ColumnElement[bool]]:
    # What was pumped is not what is usual, there or anywhere: the hours that led to a pause are left out.
    pumped = select(_p.subject).where(_p.paused_at > hour - _HOUR, _p.paused_at < hour + _JUDGED + _HOUR)
    return [
        _v.block_hash.not_in(pumped.where(_p.kind == PumpedKind.BLOCK)),
        _COUNTRY.not_in(pumped.where(_p.kind == PumpedKind.COUNTRY)),
    ]


def whole_hour(instant: datetime) -> datetime:
    """The beginning of the hour that an instant is in."""
    return instant.replace(minute=0, second=0, microsecond=0)


def _bytes(subject: bytes | str) -> bytes:
    return subject.encode() if isinstance(subject, str) else bytes(subject)
