"""What a new connection to Postgres is told, directly or through a pooler such as PgBouncer.

In PgBouncer's transaction mode each transaction may run on another server connection: a setting made for the
session would reach other clients, and a prepared statement would be missing or there already. PgBouncer also
refuses settings at connecting (``options``), so that they are made afterwards.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg


def prepare_session(connection: "psycopg.Connection[Any]", settings: Mapping[str, str]) -> None:
    """Make the settings hold for the session; behind a pooler, prepare no statements instead.

    There the role's own settings count: ``ALTER ROLE otp SET statement_timeout = '10s'``.
    """
    # In a transaction, a roll-back would undo the settings.
    connection.autocommit = True
    if is_pooled(connection):
        connection.prepare_threshold = None
        return
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def is_pooled(connection: "psycopg.Connection[Any]") -> bool:
    """Whether a pooler stands between: what it calls itself is not the server process that answers."""
    row = connection.execute("SELECT pg_backend_pid()", prepare=False).fetchone()
    return row is None or row[0] != connection.info.backend_pid
