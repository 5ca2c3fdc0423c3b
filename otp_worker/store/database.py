"""The connection to SQLite or Postgres, and the two ways to use it.

Nothing waits for the database without a bound: no wait is longer than BUSY_SECONDS, and those of one request
are together no longer than its deadline.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from threading import BoundedSemaphore
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, exc
from sqlalchemy.dialects import postgresql, sqlite

from otp_worker.domain import request_deadline
from otp_worker.store.batcher import Batcher
from otp_worker.store.engine import BUSY_SECONDS, open_engine

DATABASE_ERRORS = (exc.SQLAlchemyError,)
"""What any statement can raise."""

CHECKPOINT_MILLISECONDS = 500

AWAY = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)
"""Errors of a database that does not do what it is asked; any other kind is our mistake.

An internal error is what a standby that only reads answers after a failover.
"""
# A deadlock, and a transaction that met another one: Postgres ended one of several, and works.
_ENDED_FOR_ANOTHER = ("40P01", "40001")
# A statement's time-out, and a lock's.
_TOOK_TOO_LONG = ("57014", "55P03")

_PENDING = "after commit"
Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class Database:
    """One engine: ``read``, ``update`` for a single change, ``write`` for a transaction that locks first."""

    def __init__(self, url: str, pool_size: int = 8) -> None:
        self.url = url
        self.engine = open_engine(url, pool_size)
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
        """One transaction, committed at the end of the block and rolled back by an exception.

        What ``after_commit`` was given in the block is done behind it, once others may write.
        """
        pending: list[Callable[[], object]] = []
        with self.update() as connection, connection.begin():
            connection.info[_PENDING] = pending
            # SQLite's own BEGIN is deferred, and a deferred writer that meets another fails at once.
            connection.exec_driver_sql(self._begin)
            yield connection
        for act in pending:
            act()

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
            group = self._groups.setdefault(act, Batcher(partial(act, self), concerns_all))
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


def after_commit(connection: Connection, act: Callable[[], object]) -> None:
    """Have something done once the transaction of a ``write`` is committed, and never if it is not."""
    connection.info[_PENDING].append(act)


def is_away(error: Exception) -> bool:
    """Whether the database itself is away, locked, full or read-only, whatever is asked of it."""
    return isinstance(error, AWAY) and _sqlstate(error) not in _ENDED_FOR_ANOTHER


def concerns_all(error: Exception) -> bool:
    """Whether an error is everybody's: a row that is locked is the matter of who needs that row alone."""
    return is_away(error) and not met_a_limit(error)


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
