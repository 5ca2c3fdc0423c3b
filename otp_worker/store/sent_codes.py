"""Statements for the codes that were sent in a span of time, and what became of each.

All figures of conversion come from these rows: what is listed, and what the pumping guard judges.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from otp_worker.domain.message import CHANNEL
from otp_worker.domain.policy import DEFAULT_TEMPLATE
from otp_worker.domain.sent_codes import NO_SIM
from otp_worker.domain.verification import VerificationStatus
from otp_worker.store.schema import deliveries, verifications

_v, _d = verifications.c, deliveries.c

WAS_APPROVED = _v.status == VerificationStatus.APPROVED
"""Whether the right code was entered."""

_WAS_DELIVERED = exists().where(_d.verification_id == _v.id, _d.delivered_at <= _v.last_expiry_at)
# The SIM of the last SMS that a gateway took, or may have taken: a person who asks again got nothing before.
_SIM = (
    select(_d.sim)
    .where(_d.verification_id == _v.id, or_(_d.sent_at.is_not(None), _d.uncertain > 0))
    .order_by(_d.created_at.desc(), _d.id.desc())
    .limit(1)
    .correlate(verifications)
    .scalar_subquery()
)


class Span(NamedTuple):
    """From an instant on, up to another."""

    since: datetime
    until: datetime


def were_sent(span: Span) -> list[ColumnElement[bool]]:
    """What holds for the codes that were asked for in a span and handed over to a gateway."""
    # What never reached a phone is no sign of anything: a phone that is offline must not look like pumping.
    return [
        _v.created_at >= span.since,
        _v.created_at < span.until,
        _v.handed_at.is_not(None),
        _v.test.is_(False),
        # Nobody enters a message.
        _v.channel != CHANNEL,
    ]


def in_cells(span: Span, app: str | None = None) -> Select[Any]:
    """The codes of a span by app, country, block, template and SIM: sent, delivered and approved of each.

    Those of one app, or of all.
    """
    whose = [_v.app == app] if app is not None else []
    each = (
        select(
            _v.app,
            _v.country,
            _v.block_hash,
            func.coalesce(_v.template, DEFAULT_TEMPLATE).label("template"),
            func.coalesce(_SIM, NO_SIM).label("sim"),
            _WAS_DELIVERED.label("was_delivered"),
            WAS_APPROVED.label("was_approved"),
        )
        .where(*were_sent(span), *whose)
        .subquery()
    )
    cell = (each.c.app, each.c.country, each.c.block_hash, each.c.template, each.c.sim)
    return select(
        *cell,
        func.count().label("sent"),
        func.count().filter(each.c.was_delivered).label("delivered"),
        func.count().filter(each.c.was_approved).label("approved"),
    ).group_by(*cell)
