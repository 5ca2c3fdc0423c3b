"""Rows for every table there is, each value told by its column: whatever is added is in them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, String, Table, insert, select

from otp_worker.store.database import Database
from otp_worker.store.schema import Instant, metadata, schema_version
from otp_worker.store.schema.base import Tags
from tests.contract.service import START

ROWS = 3
TABLES = [table for table in metadata.sorted_tables if table is not schema_version]
ODD = "\N{SNOWMAN}\t\\N \\. \"'\r\n\U0001f600"


def fill(db: Database) -> None:
    """Write three rows into every table: in the last of them all is null that may be."""
    with db.write() as connection:
        for table in TABLES:
            for number in range(ROWS):
                connection.execute(insert(table).values(_row(table, number)))


def contents(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that is in the tables, but for what a migration wrote."""
    with db.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=lambda row: str(row[:3]))
            for table in TABLES
        }


def _row(table: Table, number: int) -> dict[str, Any]:
    return {
        column.name: None if column.nullable and number == ROWS - 1 else _value(column, number)
        for column in table.c
    }


def _value(column: Column[Any], number: int) -> Any:
    for key in column.foreign_keys:
        return _value(key.column, number)
    kind = column.type
    if isinstance(kind, Tags):
        return {"note": f"{ODD}{number}"}
    if isinstance(kind, Instant):
        return START + timedelta(days=number, microseconds=number)
    if isinstance(kind, Boolean):
        return number % 2 == 1
    if isinstance(kind, Float):
        return number + 0.1
    if isinstance(kind, LargeBinary):
        return bytes([0, number, 255]) * 6
    if isinstance(kind, Integer):
        return number + 1 + (2**40 if isinstance(kind, BigInteger) and column.name != "id" else 0)
    assert isinstance(kind, String)
    text = f"{column.name}{number}" if kind.length else f"{ODD}{number}"
    return text[-kind.length :] if kind.length else text
