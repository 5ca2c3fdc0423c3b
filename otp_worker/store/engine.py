"""How SQLite and Postgres are connected to, and for how long each is waited for."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry

from otp_worker.domain import request_deadline
from otp_worker.store.postgres_hosts import HostOrder
from otp_worker.store.postgres_session import prepare_session

if TYPE_CHECKING:
    from otp_worker.store.bounded_connection import BoundedConnection

BUSY_SECONDS = 10
"""So long SQLite's one writer, or a free connection, is waited for."""
LOCK_SECONDS = 5
"""So long Postgres waits for a lock: less than a request has, so that the connection outlives it."""
IDLE_SECONDS = 20
"""So long a process that was stopped within a transaction keeps what it has locked."""
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 10
LEAST_CONNECT_SECONDS = 2
"""psycopg takes no shorter time-out for connecting."""

HALF_OPEN = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A host that was cut off is noticed after so many seconds and questions, and after so many milliseconds of
silence to what was sent; the system would wait for hours."""

POSTGRES_SETTINGS = {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    "default_transaction_isolation": "read committed",
}

# A transaction is begun in so many words: to switch a connection over for each reader costs more than a read.
_EACH_ALONE = "AUTOCOMMIT"


def _replace_read_only(context: ExceptionContext) -> None:
    """Drop the connections that were made while the database could only be read: they stay so for ever."""
    said = str(context.original_exception)
    if "read-only transaction" in said or "readonly database" in said:
        context.is_disconnect = True


def open_engine(url: str, pool_size: int) -> Engine:
    """The connections to a database: each statement stands alone, and none waits without a bound."""
    engine = _connected(url, pool_size)
    event.listen(engine, "handle_error", _replace_read_only)
    return engine


def _connected(url: str, pool_size: int) -> Engine:
    if not url.startswith("sqlite"):
        engine = create_engine(
            url,
            isolation_level=_EACH_ALONE,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"connect_timeout": CONNECT_SECONDS},
        )
        event.listen(engine, "do_connect", partial(_connect_to_postgres, HostOrder()))
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    path = make_url(url).database
    if path and path != ":memory:":
        _make_private(Path(path))
    engine = create_engine(
        url,
        isolation_level=_EACH_ALONE,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _connect_to_postgres(
    order: HostOrder, _dialect: Any, _record: Any, arguments: tuple[Any, ...], parameters: dict[str, Any]
) -> "BoundedConnection":
    # Over SQLite nothing of Postgres is imported: 9 MB.
    from otp_worker.store.bounded_connection import BoundedConnection

    seconds = request_deadline.seconds_left(parameters["connect_timeout"])
    parameters["connect_timeout"] = max(round(seconds), LEAST_CONNECT_SECONDS)
    connection = BoundedConnection.connect(*arguments, **{**HALF_OPEN, **order.applied(parameters)})
    order.remember(connection.info.host, connection.info.port)
    return connection


def _make_private(path: Path) -> None:
    """Make a new database the operator's alone; SQLite gives its write-ahead log the same mode."""
    # Where it cannot be made, SQLite says why.
    with suppress(OSError):
        path.touch(mode=0o600, exist_ok=False)


def _prepare_postgres(connection: Any, _: ConnectionPoolEntry) -> None:
    prepare_session(connection, POSTGRES_SETTINGS)


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        # What is wiped is gone from the file too, not only from what a statement can see.
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
