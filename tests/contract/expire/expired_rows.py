"""Rows that a sweep or a purge is to find, written without being made one by one."""

from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, insert, select

from otp_worker.store.schema import deliveries, idempotency_keys, replies, sim_recipients, verifications
from tests.contract.rows import old_rows
from tests.contract.service import START, Service

DAY = 24 * 3600


def fill(service: Service, rows_each: int, **values: object) -> None:
    """So many verifications, each with what it left in other tables."""
    at = values["created_at"]
    assert isinstance(at, datetime)
    rows: dict[Table, list[dict[str, Any]]] = {}
    for n in range(rows_each):
        old = old_rows(f"ver_{n:026}", n.to_bytes(32, "big"), at)
        old[verifications] |= values
        old[sim_recipients]["month"] = "2025-12"
        old[idempotency_keys]["created_at"] = at
        for table, row in old.items():
            rows.setdefault(table, []).append(row)
    with service.db.write() as connection:
        for table, filled in rows.items():
            connection.execute(insert(table), filled)


def counts(service: Service) -> dict[str, int]:
    with service.db.read() as connection:
        tables = old_rows("", b"", START)
        count = select(func.count())
        return {table.name: connection.execute(count.select_from(table)).scalar_one() for table in tables}


def reply() -> dict[str, object]:
    return {
        "id": "rep_1",
        "dedupe_key": "key",
        "gateway": "obedient",
        "number_masked": "+44********56",
        "text": "thanks",
        "received_at": START,
        "created_at": START,
    }


def row_counts(service: Service) -> list[int]:
    with service.db.read() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (verifications, deliveries, replies)
        ]
