"""Statements for a person's report that somebody else asks for their codes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from otp_worker.domain.verification import VerificationStatus
from otp_worker.store import lockouts
from otp_worker.store.lifecycle import close_deliveries, end
from otp_worker.store.schema import verifications

_v = verifications.c

REPORTED_BY_THE_PERSON = "reported by the person"


@dataclass(frozen=True, slots=True)
class Reported:
    """A verification that a report ended."""

    verification_id: str
    app: str


def report(
    connection: Connection, number_hashes: list[bytes], until: datetime, now: datetime
) -> list[Reported]:
    """End every pending verification of a number, and let nothing be sent or checked until then."""
    mine = (
        select(_v.id, _v.app)
        .where(
            _v.number_hash.in_(number_hashes),
            _v.status == VerificationStatus.PENDING,
            _v.expires_at > now,
            _v.test.is_(False),
        )
        .order_by(_v.id)
        .with_for_update()
    )
    pending = {row.id: row.app for row in connection.execute(mine)}
    ending = end(VerificationStatus.CANCELED, now, REPORTED_BY_THE_PERSON, _v.id.in_(pending))
    ended = sorted(connection.execute(ending).scalars())
    close_deliveries(connection, ended, REPORTED_BY_THE_PERSON)
    lockouts.report(connection, number_hashes[0], until, now)
    return [Reported(verification_id, pending[verification_id]) for verification_id in ended]
