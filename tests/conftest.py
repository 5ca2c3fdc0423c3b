"""What every test may ask for: a Postgres and a Redis server, each started once and only when needed."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog

from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from tests.empty_databases import TEMPLATE
from tests.fresh_logs import forget_logs
from tests.sharing import ByService


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByService | None:
    """Let the tests over whole services be handed out by service."""
    return ByService(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.fixture(autouse=True)
def fresh_logs() -> Iterator[None]:
    """No test hears, or is deaf, by how an earlier one had the logs set up."""
    yield
    if structlog.is_configured():
        forget_logs()


def _fleet(folder: Path) -> Fleet:
    return Fleet(folder, cwd=Path.cwd(), env=dict(os.environ))


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A Postgres server of the tests' own."""
    # As root it runs as another user, and every other test session shuts that one out of pytest's folders.
    with TemporaryDirectory(prefix="otp-postgres-") as name, _fleet(Path(name)) as fleet:
        folder = Path(name)
        folder.chmod(0o755)
        server = EmbeddedPostgres(fleet, folder / "server", durable=False)
        server.start()
        database = Database(server.create_database(TEMPLATE))
        upgrade(database)
        database.close()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the current schema and no rows, to be copied: that is quicker than to migrate."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    # Nothing may stay in the write-ahead log: the copy takes the file alone.
    with database.update() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """A Redis or Valkey server of the tests' own."""
    folder = tmp_path_factory.mktemp("redis")
    with _fleet(folder) as fleet:
        server = EmbeddedBroker(fleet, folder / "server")
        server.start()
        yield server
