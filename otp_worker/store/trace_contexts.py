"""Statements for the traces that verifications were asked for in."""

from typing import NamedTuple

from sqlalchemy import select

from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, verifications

_v, _d = verifications.c, deliveries.c


class Traced(NamedTuple):
    """A verification, and the trace of its request as W3C Trace Context writes it."""

    verification_id: str
    trace_context: str


def of_delivery(db: Database, delivery_id: str) -> Traced | None:
    """The verification of a delivery with its trace; None where it is not known, or nobody traced."""
    statement = (
        select(_v.id, _v.trace_context)
        .join(deliveries, _d.verification_id == _v.id)
        .where(_d.id == delivery_id, _v.trace_context.is_not(None))
    )
    with db.read() as connection:
        row = connection.execute(statement).first()
    return Traced(row.id, row.trace_context) if row else None
