"""Indices of tables that may be large when an upgrade brings them: made so that nobody waits for a table.

A migration that makes an index on Postgres locks out every writer of its table, and holds what it changed
before, until the index is there. So an index is no part of a version on Postgres. Those of the newest schema
that are missing are built when the version is there; the service works without them, only slower.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from psycopg.errors import QueryCanceled
from sqlalchemy import Connection, Index
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateIndex

from otp_worker.domain.errors import SchemaNotCurrentError
from otp_worker.store.database import Database
from otp_worker.store.postgres_session import is_pooled
from otp_worker.store.schema import metadata

_BUILT = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indisvalid AND pg_table_is_visible(c.oid)
"""


def create_index(name: str, table: str, columns: Sequence[str], *, where: str | None = None) -> None:
    """In a migration: an index of a table that may have rows. Postgres gets it from ``build_missing``.

    One that is unique is a rule, and belongs to the version.
    """
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(name, table, list(columns), sqlite_where=sa.text(where) if where else None)


def build_missing(db: Database) -> None:
    """Build the indices of the newest schema that Postgres lacks or has not finished.

    Raises SchemaNotCurrentError where it may not take the time that this takes.
    """
    with _patient(db) as connection:
        built = set(connection.exec_driver_sql(_BUILT).scalars())
        for index in (each for table in metadata.sorted_tables for each in table.indexes):
            if index.name not in built:
                _build(connection, index)


def _build(connection: Connection, index: Index) -> None:
    statement = str(CreateIndex(index).compile(connection)).replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
    try:
        # One that was begun and never finished stands in the way.
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}")
        connection.exec_driver_sql(statement)
    except OperationalError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        raise SchemaNotCurrentError(
            f"the index {index.name} takes longer than statement_timeout allows: "
            "run otp-worker migrate again, past the pooler"
        ) from None


@contextmanager
def _patient(db: Database) -> Iterator[Connection]:
    """A session in which statements take as long as they take; behind a pooler the role's settings hold."""
    with db.read() as connection:
        driver = connection.connection.driver_connection
        if driver is None or is_pooled(driver):
            yield connection
            return
        try:
            # Nobody queues behind an index that waits for older transactions.
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("SET lock_timeout = 0")
            yield connection
        finally:
            # The next one who is given this connection must not be as patient.
            connection.invalidate()
