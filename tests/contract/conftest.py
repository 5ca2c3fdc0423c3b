"""The same service over SQLite and over Postgres."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.store.database import Database
from tests.contract.service import Service
from tests.empty_databases import EmptyDatabases


@pytest.fixture(scope="session")
def empty_databases(postgres: EmbeddedPostgres) -> Iterator[EmptyDatabases]:
    """Databases on that server, for one test after another."""
    with closing(EmptyDatabases(postgres)) as databases:
        yield databases


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path) -> Iterator[str]:
    """The URL of a database with the current schema and no rows."""
    if request.param == "sqlite":
        shutil.copyfile(migrated_sqlite, tmp_path / "otp.db")
        yield f"sqlite:///{tmp_path}/otp.db"
    else:
        databases: EmptyDatabases = request.getfixturevalue("empty_databases")
        with databases.empty() as url:
            yield url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A connection pool of that database."""
    database = Database(database_url, pool_size=24)
    yield database
    database.close()


@pytest.fixture
def service(db: Database) -> Service:
    """The four steps over that database, with a clock that only the test moves."""
    return Service(db)


@pytest.fixture
def redis(redis_server: EmbeddedBroker) -> Iterator[Redis]:
    """Redis, with nothing in it."""
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client
