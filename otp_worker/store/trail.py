"""Statements that look for verifications: lists, newest first, and what an id or a number leads to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, TextClause, func, literal, or_, select, tuple_

from otp_worker.domain.message import CHANNEL
from otp_worker.domain.step import Step
from otp_worker.domain.verification import Delivery, Verification, VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.rows import delivery_of, verification_of
from otp_worker.store.schema import (
    IS_MESSAGE,
    IS_PENDING,
    Instant,
    deliveries,
    steps,
    verification_tags,
    verifications,
)
from otp_worker.store.steps import step_of

_v, _d, _s, _t = verifications.c, deliveries.c, steps.c, verification_tags.c

MOST = 200
"""No list is longer than this."""
EARLIER_OUTAGES = 100
"""So many steps of breakers before a span tell how they stood when it began."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which verifications are looked for; None and empty ask for all.

    ``since`` is the first instant of their creation, ``until`` the first one too late. ``number_hashes`` are
    a number's under every root secret that counts. ``tag`` is the name and the value of one. Without
    ``messages`` these are verifications; with None both.
    """

    app: str | None = None
    user: str | None = None
    status: VerificationStatus | None = None
    since: datetime | None = None
    until: datetime | None = None
    number_hashes: Sequence[bytes] | None = None
    purpose: str | None = None
    client_reference: str | None = None
    tag: tuple[str, str] | None = None
    messages: bool | None = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the order of verifications, newest first, one of them stands."""

    created_at: datetime
    id: str


_WITHOUT_INDEX: ColumnElement[datetime] = func.coalesce(_v.created_at, _v.created_at)
"""When it was asked for, of rows so few that they are found otherwise and sorted."""


@dataclass(frozen=True, slots=True)
class _Search:
    """A statement, and by what its rows are put in order."""

    statement: Select[Any]
    created_at: ColumnElement[datetime] = field(default_factory=lambda: _v.created_at)


def page(
    db: Database, wanted: Wanted, limit: int, now: datetime, after: Place | None = None
) -> list[Verification]:
    """The newest ``limit`` verifications that come after a place, each with its newest delivery."""
    with db.read() as connection:
        found = [
            row._mapping
            for search in _searches(wanted, now)
            for row in connection.execute(_part(search, wanted, after).limit(limit))
        ]
        found.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
        sms = _sms(connection, [row["id"] for row in found[:limit]])
    newest = {each.id.rpartition(".")[0]: each for each in sms}
    return [verification_of(row, newest.get(row["id"])) for row in found[:limit]]


def deliveries_of(db: Database, verification_ids: Sequence[str]) -> dict[str, list[Delivery]]:
    """Every SMS of each of these verifications, in the order in which they were asked for."""
    found: dict[str, list[Delivery]] = {each: [] for each in verification_ids}
    with db.read() as connection:
        for each in _sms(connection, verification_ids):
            found[each.id.rpartition(".")[0]].append(each)
    return found


def ids_of(db: Database, what: str) -> list[str]:
    """The verifications that a gateway's message id or the id of an HTTP request leads to, newest first."""
    by_message = select(_d.verification_id).where(_d.gateway_message_id == what).limit(MOST)
    by_request = select(_v.id).where(_v.request_id == what).limit(MOST)
    with db.read() as connection:
        found = [id for each in (by_message, by_request) for id in connection.execute(each).scalars()]
    return sorted(set(found), reverse=True)


def outages(db: Database, gateways: Iterable[str], since: datetime, until: datetime) -> list[Step]:
    """The steps of these gateways' breakers in a span, and before it those that tell how they stood."""
    theirs = (_s.verification_id.is_(None), _s.gateway.in_(sorted(gateways)))
    found = select(steps).where(*theirs)
    earlier = found.where(_s.at < since).order_by(_s.at.desc(), _s.id.desc())
    within = found.where(_s.at.between(since, until)).order_by(_s.at, _s.id)
    with db.read() as connection:
        before = list(connection.execute(earlier.limit(EARLIER_OUTAGES)))
        return [step_of(row) for row in (*reversed(before), *connection.execute(within))]


def newest_steps(db: Database, after: int, limit: int) -> list[tuple[int, Step]]:
    """The steps that were written after the one with that number, in their order, with their numbers."""
    statement = select(steps).where(_s.id > after).order_by(_s.id).limit(limit)
    with db.read() as connection:
        return [(row.id, step_of(row)) for row in connection.execute(statement)]


def last_step(db: Database) -> int:
    """The number of the step that was written last; 0 for none."""
    with db.read() as connection:
        return connection.execute(select(func.max(_s.id))).scalar() or 0


def _searches(wanted: Wanted, now: datetime) -> list[_Search]:
    """What finds them, each by one index: by number, reference, tag, user, purpose, status, app, or all.

    What else must hold is compared so that no index serves: SQLite keeps no statistics to choose by. Time
    ends a verification before a sweep writes that down: such a one is expired, and not pending.
    """
    every, status, app = select(verifications), wanted.status, wanted.app
    if wanted.number_hashes is not None:
        mine = every.where(_v.number_hash.in_(wanted.number_hashes), *_same("app", app))
        return [_Search(mine.where(*_also(wanted, now)), _WITHOUT_INDEX)]
    if wanted.client_reference is not None:
        own = every.where(_v.client_reference == wanted.client_reference, *_same("app", app))
        return [_Search(own.where(*_also(wanted, now)))]
    if wanted.tag is not None:
        own = every.where(_v.id.in_(_tagged(wanted.tag)), *_same("app", app))
        return [_Search(own.where(*_also(wanted, now)), _WITHOUT_INDEX)]
    if wanted.user is not None:
        of_user = [*_same("app", app), *_same("purpose", wanted.purpose)]
        theirs = every.where(_v.user == wanted.user, *of_user)
    elif wanted.purpose is not None:
        its_app = [_v.app == app] if app is not None else []
        own = every.where(_v.purpose == wanted.purpose, *its_app)
        return [_Search(own.where(*_status_at(status, now)), _v.created_at if its_app else _WITHOUT_INDEX)]
    else:
        theirs = every.where(_v.app == app) if app is not None else every
    if status is None:
        return [_Search(theirs)]
    its_own = (_same(name, getattr(wanted, name)) for name in ("app", "user", "purpose"))
    pending = every.where(IS_PENDING, *(each for same in its_own for each in same))
    if status is VerificationStatus.PENDING:
        return [_Search(pending.where(_v.expires_at > now), _WITHOUT_INDEX)]
    found = [_Search(theirs.where(_v.status == status, _v.ended_at.is_not(None)))]
    if status is VerificationStatus.EXPIRED:
        found.append(_Search(pending.where(_v.expires_at <= now), _WITHOUT_INDEX))
    return found


def _also(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    """What must hold beside that by which they are found, compared so that no index serves."""
    tagged = [func.coalesce(_v.id, "").in_(_tagged(wanted.tag))] if wanted.tag is not None else []
    same = (_same(name, getattr(wanted, name)) for name in ("user", "purpose", "client_reference"))
    return [*(each for found in same for each in found), *tagged, *_status_at(wanted.status, now)]


def _tagged(tag: tuple[str, str]) -> Select[Any]:
    name, value = tag
    return select(_t.verification_id).where(_t.value == value, _t.name == name)


def _same(name: str, value: str | None) -> list[ColumnElement[bool]]:
    """That a column has a value, if one is wanted."""
    return [] if value is None else [func.coalesce(_v[name], "") == value]


def _status_at(status: VerificationStatus | None, now: datetime) -> list[ColumnElement[bool]]:
    """What holds for a row that has a status at ``now``."""
    if status is None:
        return []
    overdue = (_v.status == VerificationStatus.PENDING) & (_v.expires_at <= now)
    (same,) = _same("status", status)
    return [or_(same, overdue)] if status is VerificationStatus.EXPIRED else [same, ~overdue]


def _kind(wanted: Wanted) -> list[ColumnElement[bool] | TextClause]:
    """Whether messages or verifications are wanted, compared so that no index serves but that of messages."""
    if wanted.messages is None:
        return []
    return [IS_MESSAGE] if wanted.messages else [func.coalesce(_v.channel, "") != CHANNEL]


def _part(search: _Search, wanted: Wanted, after: Place | None) -> Select[Any]:
    """What a search finds in the span that is wanted and after a place, newest first."""
    statement, created_at = search.statement.where(*_kind(wanted)), search.created_at
    if wanted.since is not None:
        statement = statement.where(created_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(created_at < wanted.until)
    if after is not None:
        place = tuple_(literal(after.created_at, Instant()), literal(after.id))
        statement = statement.where(tuple_(created_at, _v.id) < place)
    return statement.order_by(created_at.desc(), _v.id.desc())


def _sms(connection: Connection, verification_ids: Sequence[str]) -> list[Delivery]:
    if not verification_ids:
        return []
    statement = (
        select(deliveries)
        .where(_d.verification_id.in_(verification_ids))
        .order_by(_d.verification_id, _d.created_at, _d.id)
    )
    return [delivery_of(row._mapping) for row in connection.execute(statement)]
