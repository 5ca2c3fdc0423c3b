"""What every test may ask for: a Postgres server, started once and only when a test needs it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from otp_worker.migrate import upgrade
from otp_worker.processes.fleet import Fleet
from otp_worker.processes.postgres import EmbeddedPostgres
from otp_worker.store.database import Database


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A Postgres server of the tests' own."""
    folder = tmp_path_factory.mktemp("postgres")
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o755)
    with Fleet(folder, cwd=Path.cwd(), env=dict(os.environ)) as fleet:
        server = EmbeddedPostgres(fleet, folder / "server", durable=False)
        server.start()
        database = Database(server.create_database("migrated"))
        upgrade(database)
        database.close()
        yield server
        server.stop()
