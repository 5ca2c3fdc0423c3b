"""The same service over SQLite and over Postgres."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.store.database import Database
from tests.contract.service import Service


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path) -> str:
    """The URL of a fresh database with the current schema."""
    if request.param == "sqlite":
        shutil.copyfile(migrated_sqlite, tmp_path / "otp.db")
        return f"sqlite:///{tmp_path}/otp.db"
    server: EmbeddedPostgres = request.getfixturevalue("postgres")
    name = f"test_{abs(hash(request.node.nodeid))}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE migrated')
    return server.url_of(name).replace("postgresql://", "postgresql+psycopg://")


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
