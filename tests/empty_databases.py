"""Postgres databases for tests that want an empty one each."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from otp_worker.devtools.processes.postgres import EmbeddedPostgres

TEMPLATE = "migrated"
"""The database of the tests' server that every other begins as: the current schema, and its first rows."""

_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_SEQUENCES = "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
_END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
_SHAPE = (
    "SELECT (SELECT array_agg(oid || ':' || xmin ORDER BY oid) FROM pg_class "
    "WHERE relnamespace = 'public'::regnamespace), "
    "(SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_statistic), "
    "(SELECT array_agg(setconfig) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase "
    "WHERE datname = current_database())"
)


class EmptyDatabases:
    """Databases as a migration leaves them, one of which serves test after test.

    To empty one takes milliseconds, to make one up to a hundred times as long. One in which a test changed
    more than rows (tables, settings, statistics) is dropped.
    """

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._numbers = count(1)
        self._spare: list[_Reused] = []

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of one that is nobody else's until the end of the block, which ends all its sessions."""
        database = self._spare.pop() if self._spare else self._make()
        try:
            yield self._server.url_of(database.name)
        finally:
            if database.is_as_it_was():
                self._spare.append(database)
            else:
                database.session.close()
                self._order(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(database.name)))

    def close(self) -> None:
        """End the sessions on those that are left."""
        for database in self._spare:
            database.session.close()

    def _make(self) -> "_Reused":
        name = f"empty_{next(self._numbers)}"
        self._order(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(TEMPLATE)))
        return _Reused(name, psycopg.connect(self._server.url_of(name), autocommit=True))

    def _order(self, statement: Composed) -> None:
        with psycopg.connect(self._server.url, autocommit=True) as session:
            session.execute(statement)


class _Reused:
    """One of them, and a session that outlives the tests."""

    def __init__(self, name: str, session: "psycopg.Connection") -> None:
        self.name = name
        self.session = session
        # Foreign keys need not be looked at where everything goes.
        session.execute("SET session_replication_role = replica")
        tables = [Identifier(table) for (table,) in session.execute(_TABLES)]
        sequences = [Literal(name) for (name,) in session.execute(_SEQUENCES)]
        orders = [order for table in tables for order in self._orders(table)]
        orders += [SQL("SELECT setval({}, 1, false)").format(name) for name in sequences]
        self._emptying = SQL("; ").join(orders)
        self._shape = self._shape_now()

    def is_as_it_was(self) -> bool:
        """Take it back to its first rows; whether it then is what it was before it was used."""
        try:
            self.session.execute(_END_OTHERS)
            self.session.execute(self._emptying)
            return self._shape_now() == self._shape
        except psycopg.Error:
            return False

    def _orders(self, table: Identifier) -> Iterator[Composed]:
        yield SQL("DELETE FROM {}").format(table)
        for row in self.session.execute(SQL("SELECT * FROM {}").format(table)):
            yield SQL("INSERT INTO {} VALUES ({})").format(table, SQL(", ").join(map(Literal, row)))

    def _shape_now(self) -> object:
        return self.session.execute(_SHAPE).fetchone()
