"""Moving the service's data from SQLite to Postgres, while no process runs."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Column, Connection, Dialect, Table, create_engine, delete, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from otp_worker.domain.ports import utc_now
from otp_worker.store import sqlite_file
from otp_worker.store.backup_error import BackupError
from otp_worker.store.connection_errors import cause_of
from otp_worker.store.database import Database
from otp_worker.store.other_sessions import refuse_others
from otp_worker.store.schema import counters, metadata, schema_version
from otp_worker.store.schema_state import check_current, newest_version, version_in

BATCH = 5000
CLOCK_TOLERANCE = timedelta(seconds=5)
"""As much as two clocks may differ before a code would live noticeably longer or shorter by the other one."""
FIRST_ROWS = (schema_version, counters)
"""What a migration itself writes into an empty database."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows of each table were moved, and where the old database is now."""

    rows: dict[str, int]
    kept: Path


def move(file: Path, url: str) -> Moved:
    """Copy every row into an empty Postgres database at the same revision, and put the file aside.

    One transaction there: all of it is moved, or nothing is. Raises BackupError, SchemaNotCurrentError and
    DatabaseUnavailableError.
    """
    if not file.is_file():
        raise BackupError(f"there is no {file}")
    kept = file.with_name(f"{file.name}.moved")
    if kept.exists():
        raise BackupError(f"{kept} is there already")
    with closing(Database(url, pool_size=1)) as target:
        check_current(target)
        with _read_alone(file) as source:
            rows = _move(source, target, file, kept)
        with suppress(SQLAlchemyError), target.read() as connection:
            # So that the first statements are planned by what is there; autovacuum would come to it.
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("ANALYZE")
    return Moved(rows, kept)


@contextmanager
def _read_alone(file: Path) -> Iterator[Connection]:
    with sqlite_file.held_alone(file) as held:
        engine = create_engine("sqlite://", creator=lambda: held, poolclass=StaticPool)
        with engine.connect() as connection:
            yield connection


def _move(source: Connection, target: Database, file: Path, kept: Path) -> dict[str, int]:
    try:
        with target.write() as connection:
            for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
                connection.exec_driver_sql(f"SET LOCAL {setting} = 0")
            _check_target(source, connection)
            rows = {table.name: _copy(table, source, connection) for table in metadata.sorted_tables}
            # Before it is true: whoever starts the old service finds no database, and sends nothing twice.
            file.rename(kept)
    except (SQLAlchemyError, psycopg.Error, OSError) as error:
        raise BackupError(_not_moved(error, kept)) from None
    return rows


def _not_moved(error: Exception, kept: Path) -> str:
    why = f"{type(error).__name__}: {error}"
    if isinstance(error, SQLAlchemyError):
        why = f"the database {cause_of(error)}"
    if isinstance(error, psycopg.Error):
        # All else that Postgres says of a row quotes its values.
        why = error.diag.message_primary or type(error).__name__
    if kept.exists():
        return f"whether Postgres has it all is not known ({why}); if it is empty, rename {kept} back"
    return f"nothing was moved: {why}"


def _check_target(source: Connection, connection: Connection) -> None:
    """Hold the target for this transaction alone; raise BackupError unless it is fit to take everything."""
    for name, version in (("SQLite", version_in(source)), ("Postgres", version_in(connection))):
        if version != newest_version():
            raise BackupError(
                f"the {name} database's schema is {version}, not {newest_version()}: run otp-worker migrate"
            )
    refuse_others(connection)
    tables = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
    connection.exec_driver_sql(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
    for table in metadata.sorted_tables:
        if table not in FIRST_ROWS and connection.execute(select(table).limit(1)).first() is not None:
            raise BackupError(f"the Postgres database is not empty: {table.name} has rows")
    apart = connection.execute(select(func.clock_timestamp())).scalar_one() - utc_now()
    if abs(apart) > CLOCK_TOLERANCE:
        raise BackupError(f"the clock of Postgres is {apart.total_seconds():+.0f} s from ours: mend it first")


def _copy(table: Table, source: Connection, connection: Connection) -> int:
    """Copy a table's rows; their number, counted on both sides."""
    if table in FIRST_ROWS:
        connection.execute(delete(table))
    makers = [_maker(column, connection.dialect) for column in table.c]
    names = SQL(", ").join(Identifier(column.name) for column in table.c)
    order = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table.name), names)
    with _driver(connection).cursor() as cursor, cursor.copy(order) as copying:
        for row in source.execute(select(table).execution_options(yield_per=BATCH)):
            copying.write_row([make(value) for make, value in zip(makers, row, strict=True)])
    _move_sequence(table, source, connection)
    count = select(func.count()).select_from(table)
    there, came = source.execute(count).scalar_one(), connection.execute(count).scalar_one()
    if there != came:
        raise BackupError(f"nothing was moved: {table.name} has {there} rows, {came} came")
    return came


def _driver(connection: Connection) -> "psycopg.Connection[Any]":
    driver: psycopg.Connection[Any] | None = connection.connection.driver_connection
    if driver is None:
        raise BackupError("the connection to Postgres is lost")
    return driver


def _maker(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any]:
    """What makes of a column's value what the driver is given."""
    return column.type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value)


def _move_sequence(table: Table, source: Connection, connection: Connection) -> None:
    """Go on with the numbers that SQLite gave last, also to rows that are gone: none is given twice."""
    numbered = table.autoincrement_column
    if numbered is None:
        return
    last = source.execute(select(func.max(numbered))).scalar() or 0
    if inspect(source).has_table("sqlite_sequence"):
        given = source.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,))
        last = max(last, given.scalar() or 0)
    sequence = func.pg_get_serial_sequence(table.name, numbered.name)
    if last:
        connection.execute(select(func.setval(sequence, last)))
