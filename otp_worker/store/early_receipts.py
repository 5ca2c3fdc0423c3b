"""Receipts that came before the gateway's own answer: nobody knows yet which delivery they are about."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from otp_worker.domain.gateway import ReceiptKind
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import early_receipts

_e = early_receipts.c

SUBJECT_LENGTH = 128
KEPT_SECONDS = 900
"""Longer than any answer can take; the receipts of SMS that others send over the account come here too."""


def keep(db: Database, gateway: str, subject: str, kind: ReceiptKind, now: datetime) -> None:
    """Keep a receipt about what the gateway calls ``subject``: our reference, or its own message id."""
    if len(subject) > SUBJECT_LENGTH:
        # No delivery is known by so long a name.
        return
    with db.update() as connection:
        insert_missing(
            connection, early_receipts, gateway=gateway, subject=subject, kind=kind, received_at=now
        )


def find(db: Database, gateway: str, subjects: Sequence[str]) -> list[ReceiptKind]:
    """The kinds of a gateway's receipts about these subjects, in the order in which they came."""
    with db.read() as connection:
        found = connection.execute(_FIND, {"of_gateway": gateway, "about": list(subjects)}).all()
    return list(dict.fromkeys(ReceiptKind(row.kind) for row in found))


def take(connection: Connection, gateway: str, subjects: Sequence[str]) -> list[ReceiptKind]:
    """What ``find`` finds, once: to be called in the transaction that applies it.

    One statement reads and deletes, so that no receipt is deleted that was not read.
    """
    taken = connection.execute(
        delete(early_receipts)
        .where(_e.gateway == gateway, _e.subject.in_(subjects))
        .returning(_e.kind, _e.received_at)
    ).all()
    in_order = sorted(taken, key=lambda row: row.received_at)
    return list(dict.fromkeys(ReceiptKind(row.kind) for row in in_order))


def purge(db: Database, before: datetime) -> int:
    """Delete what came before then."""
    return delete_where(db, early_receipts, _e.received_at < before)


# Made once: every SMS that is handed over asks.
_FIND = (
    select(_e.kind)
    .where(_e.gateway == bindparam("of_gateway"), _e.subject.in_(bindparam("about", expanding=True)))
    .order_by(_e.received_at)
)
