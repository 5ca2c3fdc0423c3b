"""The connection to SQLite or Postgres, and the two ways to use it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from otp_worker.store.batcher import Together

BUSY_SECONDS = 10
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 10

DATABASE_ERRORS = (exc.SQLAlchemyError,)
"""What any statement can raise."""
# An internal error is what a standby that only reads answers after a failover. Any other kind is our mistake.
DATABASE_AWAY = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)
"""What a statement raises where the database cannot be worked with."""

# A transaction is begun in so many words: to switch a connection over for each reader costs more than a read.
_EACH_ALONE = "AUTOCOMMIT"

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class Database:
    """One engine: ``read``, ``update`` for a single change, ``write`` for a transaction that locks first."""

    def __init__(self, url: str, pool_size: int = 8) -> None:
        self.url = url
        self.engine = _engine(url, pool_size)
        # SQLite lets one writer in and does not queue the others: threads that take turns do not starve.
        self._turn: AbstractContextManager[object] = Lock() if self.is_sqlite else nullcontext()
        self._begin = "BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN"
        self._groups: dict[object, Together[Any, Any]] = {}

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, where one writer at a time is the rule."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on which each statement stands alone."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def update(self) -> Iterator[Connection]:
        """A connection on which each statement stands alone, one of them a change."""
        with self._turn, self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block and rolled back by an exception."""
        with self._turn, self.engine.begin() as connection:
            # SQLite's own BEGIN is deferred, and a deferred writer that meets another fails at once.
            connection.exec_driver_sql(self._begin)
            yield connection

    def together(
        self,
        act: Callable[["Database", Sequence[Asked]], Sequence[Answered | Exception]],
        asked: Asked,
    ) -> Answered:
        """What ``act`` answers, asked together with whatever other threads ask of it at this moment."""
        group = self._groups.get(act)
        if group is None:
            group = self._groups.setdefault(act, Together(partial(act, self)))
        answer: Answered = group(asked)
        return answer

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def insert_ignoring(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that leaves alone every row whose key is there already."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def insert_missing(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless one with its key is there already; whether it was inserted."""
    inserted = insert_ignoring(connection, table).values(**values).returning(*table.primary_key)
    return connection.execute(inserted).first() is not None


def _engine(url: str, pool_size: int) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(
            url,
            isolation_level=_EACH_ALONE,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={BUSY_SECONDS}s",
            },
        )
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
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


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
