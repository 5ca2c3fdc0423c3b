"""The statement that erases a person: all that is kept under a number, but for what guards it."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, or_, select

from otp_worker.store.database import Database
from otp_worker.store.lifecycle import EACH, TO_CHANGE, in_order
from otp_worker.store.schema import entry_links, idempotency_keys, replies, verifications

_v, _r, _i, _l = verifications.c, replies.c, idempotency_keys.c, entry_links.c


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows are gone."""

    verifications: int
    replies: int


def erase_number(db: Database, numbers: Collection[str], number_hashes: Collection[bytes]) -> Erased:
    """Delete a person's verifications with their deliveries and answers, and their replies with the notices.

    ``numbers`` are the spellings that something may be kept under, ``number_hashes`` stand for them. What
    counts wrong codes, that the person wants no SMS, and what was posted before, stay as keyed hashes: else a
    wish to be forgotten would unlock a number, be followed by SMS, and be undone by a repeated post.
    """
    mine = select(_v.id).where(_v.number_hash.in_(number_hashes)).order_by(_v.id)
    with db.write() as connection:
        ids = list(connection.execute(mine.with_for_update(**TO_CHANGE)).scalars())
        connection.execute(in_order(EACH.c.verification_id.in_(ids)))
        connection.execute(delete(idempotency_keys).where(_i.verification_id.in_(ids)))
        connection.execute(delete(entry_links).where(_l.number_hash.in_(number_hashes)))
        gone = connection.execute(
            delete(replies).where(
                or_(_r.number_hash.in_(number_hashes), _r.number.in_(numbers), _r.verification_id.in_(ids))
            )
        ).rowcount
        return Erased(connection.execute(delete(verifications).where(_v.id.in_(ids))).rowcount, gone)
