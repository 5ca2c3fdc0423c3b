"""Statements of the fourth step: end what time has ended, find what is not moving, purge what is old.

Every one can be run at any time, by any number of beats, in batches.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Select, TextClause, and_, exists, func, or_, select, update

from otp_worker.domain.message import Priority
from otp_worker.domain.sim import SANDBOX
from otp_worker.domain.step import Step
from otp_worker.domain.verification import OPEN, DeliveryStatus, VerificationStatus
from otp_worker.store import steps
from otp_worker.store.batches import delete_where, until_short
from otp_worker.store.database import Database
from otp_worker.store.lifecycle import (
    TO_CHANGE,
    close_deliveries,
    end,
    failed_unsent,
    start_life,
    tell_ended,
)
from otp_worker.store.schema import IS_OPEN, IS_PENDING, deliveries, sim_recipients, verifications

_v, _d, _w = verifications.c, deliveries.c, sim_recipients.c
_NOT_CLAIMED = (DeliveryStatus.QUEUED, DeliveryStatus.WAITING)
BATCH = 500
PROBE_LIFE = timedelta(seconds=20)
"""More than a gateway that hangs takes of the life of a probe: connecting, and waiting for the answer."""


def fail_overdue(db: Database, now: datetime) -> int:
    """End the deliveries that were not sent by their deadline, and the verifications that waited for them."""
    return until_short(partial(_fail_overdue, db, now))


def end_expired(db: Database, now: datetime) -> int:
    """End the verifications whose time is over."""
    return until_short(partial(_end_expired, db, now))


def _fail_overdue(db: Database, now: datetime, size: int) -> int:
    not_in_hand = or_(_d.status.in_(_NOT_CLAIMED), _d.lease_until <= now)
    overdue = (
        select(_d.id, _d.status, _d.verification_id, _d.reason, _v.ttl_seconds, _v.last_expiry_at)
        .join(verifications, _v.id == _d.verification_id)
        .where(IS_OPEN, _d.deadline_at <= now, not_in_hand)
        .order_by(_d.deadline_at)
        .limit(size)
        # Another beat's sweep works on what is locked.
        .with_for_update(of=verifications, skip_locked=True, **TO_CHANGE)
    )
    ended, told = 0, list[Step]()
    with db.write() as connection:
        # By their ids, as every statement locks deliveries that locks several.
        for row in sorted(connection.execute(overdue), key=lambda row: row.id):
            unsettled = "its worker never came back" if row.status == DeliveryStatus.SENDING else None
            reason = f"not sent in time: {unsettled or row.reason or 'no worker took it up'}"
            failed = connection.execute(
                update(deliveries)
                .where(_d.id == row.id, _d.status.in_(OPEN), not_in_hand)
                .values(status=DeliveryStatus.EXPIRED, reason=reason, lease_until=None)
                .returning(_d.id)
            ).first()
            if failed and row.status == DeliveryStatus.SENDING:
                # Its worker never came back, and may have handed the code over before it died.
                start_life(connection, row.verification_id, row.ttl_seconds, row.last_expiry_at, now)
            if failed:
                told += failed_unsent(connection, [row.verification_id], now, reason)
                ended += 1
        steps.write(connection, told)
    return ended


def _end_expired(db: Database, now: datetime, size: int) -> int:
    due = (
        select(_v.id)
        .where(IS_PENDING, _v.expires_at <= now)
        .order_by(_v.expires_at)
        .limit(size)
        .with_for_update(skip_locked=True, **TO_CHANGE)
    )
    with db.write() as connection:
        found = list(connection.execute(due).scalars())
        ended = list(
            connection.execute(
                end(VerificationStatus.EXPIRED, now, None, _v.id.in_(found), _v.expires_at <= now)
            ).scalars()
        )
        close_deliveries(connection, ended, "expired before it was sent")
        tell_ended(connection, ended, VerificationStatus.EXPIRED, now, "its time was over")
    return len(ended)


@dataclass(frozen=True, slots=True)
class Lane:
    """What a SIM may take of what waits: deliveries to ``routes``, but for what only another SIM may repeat.

    With ``written_to_in`` a month, only those to numbers that it wrote to in that month. Either ``notices``
    or everything else.
    """

    routes: Collection[str]
    sim: str | None = None
    written_to_in: str | None = None
    notices: bool = False


def is_any_waiting(db: Database, now: datetime) -> bool:
    """Whether anything is due that is not on the queue: most of the time there is nothing to ask SIMs for."""
    statement = select(_d.id).where(
        IS_OPEN,
        _d.status.in_(_NOT_CLAIMED),
        _d.published_at.is_(None),
        _d.due_at <= now,
        _d.deadline_at > now,
    )
    with db.read() as connection:
        return connection.execute(statement.limit(1)).first() is not None


def not_published(db: Database, now: datetime, lane: Lane, limit: int) -> list[tuple[str, datetime]]:
    """The due deliveries of a lane that are not on the queue, with their deadlines, nearest first."""
    if limit <= 0:
        return []
    return _found(db, _waiting(lane, now).order_by(_d.deadline_at).limit(limit))


def probe(db: Database, now: datetime, lane: Lane, limit: int) -> list[tuple[str, datetime]]:
    """The one delivery of a lane that is to ask whether its SIM may send again, with its deadline.

    It is the nearest to its deadline that outlives a gateway that hangs, or that with the most life left.
    """
    if limit <= 0:
        return []
    waiting = _waiting(lane, now)
    long_enough = waiting.where(_d.deadline_at > now + PROBE_LIFE).order_by(_d.deadline_at)
    return _found(db, long_enough.limit(1)) or _found(db, waiting.order_by(_d.deadline_at.desc()).limit(1))


def _waiting(lane: Lane, now: datetime) -> Select[tuple[str, datetime]]:
    statement = select(_d.id, _d.deadline_at).where(
        IS_OPEN,
        _d.status.in_(_NOT_CLAIMED),
        _d.published_at.is_(None),
        _d.route.in_(lane.routes),
        _d.priority == Priority.NOTICE if lane.notices else _d.priority.is_(None),
        _d.due_at <= now,
        _d.deadline_at > now,
        # What may have been sent already is repeated over its own SIM alone.
        or_(_d.uncertain == 0, _d.sim.is_(None), _d.sim == lane.sim),
    )
    if lane.written_to_in is None:
        return statement
    written_to = exists().where(
        _v.id == _d.verification_id,
        _w.sim == lane.sim,
        _w.month == lane.written_to_in,
        _w.number_hash == _v.number_hash,
    )
    return statement.where(written_to)


def _found(db: Database, statement: Select[tuple[str, datetime]]) -> list[tuple[str, datetime]]:
    with db.read() as connection:
        return [(row.id, row.deadline_at) for row in connection.execute(statement)]


def notices_on_their_way(db: Database) -> int:
    """How many notices for phones are on the queue, or in a worker's hands."""
    under_way = or_(_d.published_at.is_not(None), _d.status == DeliveryStatus.SENDING)
    statement = select(func.count()).where(
        IS_OPEN, _d.priority == Priority.NOTICE, _d.route != SANDBOX, under_way
    )
    with db.read() as connection:
        return connection.execute(statement).scalar_one()


def has_sent_notice(db: Database, sim: str, since: datetime) -> bool:
    """Whether a notice left over a SIM since then."""
    statement = select(_d.id).where(_d.sim == sim, _d.sent_at > since, _d.priority == Priority.NOTICE)
    with db.read() as connection:
        return connection.execute(statement.limit(1)).first() is not None


def stalled(db: Database, now: datetime, since: datetime) -> list[str]:
    """The due deliveries that no worker has taken up since they were published, longest first."""
    statement = select(_d.id).where(*_unclaimed(now, since)).order_by(_d.published_at).limit(BATCH)
    with db.read() as connection:
        return list(connection.execute(statement).scalars())


def count_unclaimed(db: Database, now: datetime) -> int:
    """How many due deliveries were published and not taken up: so many ids should lie on the queue."""
    with db.read() as connection:
        return connection.execute(select(func.count()).where(*_unclaimed(now, now))).scalar_one()


def _unclaimed(now: datetime, since: datetime) -> tuple[TextClause, ColumnElement[bool]]:
    """What was published and due until ``since``, and is in no worker's hands."""
    idle = and_(_d.status.in_(_NOT_CLAIMED), _d.due_at <= since)
    abandoned = and_(_d.status == DeliveryStatus.SENDING, _d.lease_until <= now)
    published, unknown = _d.published_at <= since, _d.published_at.is_(None)
    return IS_OPEN, or_(and_(idle, published), and_(abandoned, or_(published, unknown)))


def forget_numbers(db: Database, ended_before: datetime) -> int:
    """Drop the plain numbers of verifications that ended before then.

    With them goes what is sealed, which an older version that ended one has left there.
    """
    return _forget(db, _v.number.is_not(None), ended_before)


def forget_emails(db: Database, ended_before: datetime) -> int:
    """The same for the addresses of those that go by e-mail."""
    return _forget(db, _v.email.is_not(None), ended_before)


_FORGOTTEN: dict[str, None] = dict.fromkeys(("number", "email", "sealed", "link_hash", "template_fields"))


def _forget(db: Database, is_kept: ColumnElement[bool], ended_before: datetime) -> int:
    def act(size: int) -> int:
        batch = select(_v.id).where(is_kept, _v.ended_at <= ended_before).limit(size)
        with db.update() as connection:
            forgotten = update(verifications).where(_v.id.in_(batch)).values(_FORGOTTEN)
            return connection.execute(forgotten).rowcount

    return until_short(act)


def purge(db: Database, before: datetime) -> int:
    """Delete the ended verifications that were asked for before then, with their deliveries."""
    return delete_where(db, verifications, _v.created_at <= before, _v.status != VerificationStatus.PENDING)
