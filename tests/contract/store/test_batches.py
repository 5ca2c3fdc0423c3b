"""A purge locks out nobody for long, however much there is to delete."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select

from otp_worker.store import conversion_sums, conversions, early_receipts
from otp_worker.store import schema as tables
from otp_worker.store.batches import BATCH
from otp_worker.store.database import Database
from tests.contract.service import START

OLD = START - timedelta(days=1)
RECEIPT = {"gateway": "gb", "kind": "delivered", "received_at": OLD}
LAST_MONTH = {"hour": START - timedelta(days=30), "app": "shop", "country": "GB"}
BLOCK = LAST_MONTH | {"sent": 1, "delivered": 1, "approved": 1}
SUM = {"kind": "country", "hour": OLD, "sends": 1, "approvals": 1}


@pytest.mark.parametrize(
    ("purge", "table", "row", "key"),
    [
        (early_receipts.purge, tables.early_receipts, RECEIPT, lambda n: {"subject": f"{n}"}),
        (
            conversion_sums.purge,
            tables.conversion_blocks,
            BLOCK,
            lambda n: {"block_hash": n.to_bytes(32, "big")},
        ),
        (conversions.forget_hours, tables.conversions, SUM, lambda n: {"subject": n.to_bytes(32, "big")}),
    ],
)
def test_no_statement_deletes_more_than_a_batch(
    db: Database, purge: Callable[..., object], table: Any, row: dict[str, Any], key: Callable[[int], Any]
) -> None:
    with db.write() as connection:
        connection.execute(insert(table), [row | key(n) for n in range(2 * BATCH + 1)])
    deleted: list[int] = []

    def note(_c: object, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith("DELETE"):
            deleted.append(cursor.rowcount)

    event.listen(db.engine, "after_cursor_execute", note)
    purge(db, START)
    assert deleted == [BATCH, BATCH, 1]
    with db.read() as connection:
        assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
