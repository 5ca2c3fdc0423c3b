"""Codes that were sent, and what became of them, written down without being made one by one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from otp_worker.domain.policy import MAX_LIFE_SECONDS
from otp_worker.operations.conversions import Conversions, Question, Report
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, verifications
from tests.contract.rows import old_rows

BLOCK = b"b" * 32


def write(db: Database, name: str, at: datetime, **given: Any) -> None:
    """A code that was asked for at that instant; by default it arrived after 2 s and was entered.

    ``sims`` are those of its SMS in order; ``delivered_after`` is None for one without a receipt.
    """
    sims: Sequence[str] = given.pop("sims", ("gb1",))
    delivered_after: float | None = given.pop("delivered_after", 2.0)
    rows = old_rows(f"ver_{name}", name.encode().ljust(32), at)
    verification = rows[verifications] | {"block_hash": BLOCK} | given
    verification |= {"last_expiry_at": at + timedelta(seconds=MAX_LIFE_SECONDS)}
    arrived = None if delivered_after is None else at + timedelta(seconds=delivered_after)
    sent = [
        rows[deliveries]
        | {"id": f"ver_{name}.{number}", "sim": sim, "created_at": at + timedelta(seconds=number)}
        | {"delivered_at": arrived, "gateway_message_id": f"{name}.{number}"}
        for number, sim in enumerate(sims, 1)
    ]
    with db.write() as connection:
        connection.execute(insert(verifications), [verification])
        if sent:
            connection.execute(insert(deliveries), sent)


def asked(db: Database, now: datetime, **question: Any) -> Report:
    """The figures as they are at that instant."""
    return Conversions(db).read(Question(**question), now)


def told(report: Report) -> dict[Any, tuple[int, int, int]]:
    """What a report says, in figures: sent, delivered, approved."""
    return {
        each.value: (each.codes.sent, each.codes.delivered, each.codes.approved) for each in report.groups
    }
