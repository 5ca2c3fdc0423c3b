"""The connection to SQLite or Postgres, and the two ways to use it.

Nothing waits for the database without a bound: no wait is longer than BUSY_SECONDS, and those of one request
are together no longer than its deadline.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry

from otp_worker.domain import request_deadline
from otp_worker.store.batcher import Batcher
from otp_worker.store.bounded_connection import BoundedConnection
from otp_worker.store.postgres_session import prepare_session

BUSY_SECONDS = 10
"""So long SQLite's one writer, or a free connection, is waited for."""
LOCK_SECONDS = 5
"""So long Postgres waits for a lock: less than a request has, so that the connection outlives it."""
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 10
LEAST_CONNECT_SECONDS = 2
"""psycopg takes no shorter time-out for connecting."""

DATABASE_ERRORS = (exc.SQLAlchemyError,)
"""What any statement can raise."""

CHECKPOINT_MILLISECONDS = 500

POSTGRES_SETTINGS = {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "default_transaction_isolation": "read committed",
}

# A transaction is begun in so many words: to switch a connection over for each reader costs more than a read.
_EACH_ALONE = "AUTOCOMMIT"
AWAY = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)
"""Errors of a database that does not do what it is asked; any other kind is our mistake.

An internal error is what a standby that only reads answers after a failover.
"""
# A deadlock, and a transaction that met another one: Postgres ended one of several, and works.
_ENDED_FOR_ANOTHER = ("40P01", "40001")
# A statement's time-out, and a lock's.
_TOOK_TOO_LONG = ("57014", "55P03")

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class Database:
    """One engine: ``read``, ``update`` for a single change, ``write`` for a transaction that locks first."""

    def __init__(self, url: str, pool_size: int = 8) -> None:
        self.url = url
        self.engine = _engine(url, pool_size)
        self._free = BoundedSemaphore(pool_size)
        # SQLite lets one writer in and does not queue the others: threads that take turns do not starve.
        self._turn = BoundedSemaphore(1) if self.is_sqlite else None
        # What an operator made Postgres's default must not weaken what the limits count on.
        self._begin = "BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN ISOLATION LEVEL READ COMMITTED"
        self._groups: dict[object, Batcher[Any, Any]] = {}

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, where one writer at a time is the rule."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on which each statement stands alone."""
        with _in_time(self._free, "a connection"), self.engine.connect() as connection:
            if self.is_sqlite:
                _wait_for_sqlite(connection)
            yield connection

    @contextmanager
    def update(self) -> Iterator[Connection]:
        """A connection on which each statement stands alone, one of them a change."""
        with _in_time(self._turn, "the turn to write"), self.read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block and rolled back by an exception."""
        with self.update() as connection, connection.begin():
            # SQLite's own BEGIN is deferred, and a deferred writer that meets another fails at once.
            connection.exec_driver_sql(self._begin)
            yield connection

    def now(self) -> datetime:
        """The database's own clock: the one that all machines share."""
        if self.is_sqlite:
            return datetime.now(UTC)
        with self.read() as connection:
            now: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return now.astimezone(UTC)

    def together(
        self,
        act: Callable[["Database", Sequence[Asked]], Sequence[Answered | Exception]],
        asked: Asked,
    ) -> Answered:
        """What ``act`` answers, asked together with whatever other threads ask of it at this moment."""
        group = self._groups.get(act)
        if group is None:
            group = self._groups.setdefault(act, Batcher(partial(act, self), is_away))
        answer: Answered = group(asked)
        return answer

    def checkpoint(self) -> None:
        """Empty SQLite's write-ahead log, which holds what was wiped since; tried anew where it is in use.

        Postgres drops old row versions by itself (autovacuum).
        """
        if not self.is_sqlite:
            return
        with self.update() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={CHECKPOINT_MILLISECONDS}")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def is_away(error: Exception) -> bool:
    """Whether the database itself is away, locked, full or read-only, whatever is asked of it."""
    return isinstance(error, AWAY) and _sqlstate(error) not in _ENDED_FOR_ANOTHER


def met_a_limit(error: Exception) -> bool:
    """Whether Postgres, which works, ended a statement that took too long or waited too long for a lock."""
    return _sqlstate(error) in _TOOK_TOO_LONG


def _sqlstate(error: Exception) -> str | None:
    state: str | None = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state


@contextmanager
def _in_time(lock: BoundedSemaphore | None, what: str) -> Iterator[None]:
    """Hold what several threads wait for, if there is such. Raises sqlalchemy's TimeoutError.

    A request whose time is over asks for nothing more: who waits behind it must not wait for that too.
    """
    seconds = request_deadline.seconds_left(BUSY_SECONDS)
    if not seconds or not (lock is None or lock.acquire(timeout=seconds)):
        raise exc.TimeoutError(f"{what} was not free in time")
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _wait_for_sqlite(connection: Connection) -> None:
    """Let SQLite wait for its lock as long as the request may."""
    milliseconds = round(request_deadline.seconds_left(BUSY_SECONDS) * 1000)
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA busy_timeout={milliseconds}")


def insert_ignoring(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that leaves alone every row whose key is there already."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def insert_missing(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless one with its key is there already; whether it was inserted."""
    inserted = insert_ignoring(connection, table).values(**values).returning(*table.primary_key)
    return connection.execute(inserted).first() is not None


def _replace_read_only(context: ExceptionContext) -> None:
    """Drop the connections that were made while the database could only be read: they stay so for ever."""
    said = str(context.original_exception)
    if "read-only transaction" in said or "readonly database" in said:
        context.is_disconnect = True


def _engine(url: str, pool_size: int) -> Engine:
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
        event.listen(engine, "do_connect", _connect_to_postgres)
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
    _dialect: Any, _record: Any, arguments: tuple[Any, ...], parameters: dict[str, Any]
) -> BoundedConnection:
    seconds = request_deadline.seconds_left(parameters["connect_timeout"])
    parameters["connect_timeout"] = max(round(seconds), LEAST_CONNECT_SECONDS)
    return BoundedConnection.connect(*arguments, **parameters)


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
