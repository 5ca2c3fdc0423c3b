"""The statement that erases a person: all that is kept under a number, but for what guards it."""

from dataclasses import dataclass

from sqlalchemy import delete, or_, select

from otp_worker.store.database import Database
from otp_worker.store.schema import idempotency_keys, replies, verifications

_v, _r, _i = verifications.c, replies.c, idempotency_keys.c


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows are gone."""

    verifications: int
    replies: int


def erase_number(db: Database, number: str, number_hashes: list[bytes]) -> Erased:
    """Delete a number's verifications with their deliveries and answers, and its replies.

    What counts its wrong codes, and that its person wants no SMS, stay as keyed hashes: else a wish to be
    forgotten would unlock a number, and be followed by SMS.
    """
    mine = select(_v.id).where(_v.number_hash.in_(number_hashes))
    with db.write() as connection:
        ids = list(connection.execute(mine.with_for_update()).scalars())
        connection.execute(delete(idempotency_keys).where(_i.verification_id.in_(ids)))
        gone = connection.execute(
            delete(replies).where(or_(_r.number == number, _r.verification_id.in_(ids)))
        ).rowcount
        return Erased(connection.execute(delete(verifications).where(_v.id.in_(ids))).rowcount, gone)
