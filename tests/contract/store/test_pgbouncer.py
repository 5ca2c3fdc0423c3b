"""The service over PgBouncer in transaction mode, and what a connection that fails is said to fail of."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from otp_worker.deliver.result import Delivered
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.domain.errors import DatabaseUnavailableError
from otp_worker.store.connection_errors import cause_of
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from otp_worker.store.schema_state import check_current
from tests.contract.pgbouncer import PROGRAM, running_pgbouncer
from tests.contract.service import Service


@pytest.fixture(scope="module")
def pooler(postgres: EmbeddedPostgres) -> Iterator[int]:
    """The port of a PgBouncer in front of the tests' Postgres."""
    if not PROGRAM.exists():
        pytest.skip("PgBouncer is not installed: apt-get install pgbouncer")
    with running_pgbouncer(postgres.port) as port:
        yield port


@pytest.fixture
def pooled(postgres: EmbeddedPostgres, pooler: int, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh database with the schema, behind PgBouncer."""
    name = f"pooled_{abs(hash(request.node.nodeid))}"
    postgres.create_database(name)
    db = Database(_url(pooler, name), pool_size=12)
    upgrade(db)
    yield db
    db.close()


def _url(port: int, name: str, rest: str = "") -> str:
    return f"postgresql+psycopg://postgres@{LOOPBACK}:{port}/{name}{rest}"


def test_sixty_sends_at_once_through_pgbouncer_are_all_accepted_and_sent(pooled: Database) -> None:
    service = Service(pooled)
    numbers = [f"+447400{number:02d}1234" for number in range(60)]
    with ThreadPoolExecutor(12) as pool:
        accepted = list(pool.map(service.issue, numbers))
        delivered = list(pool.map(service.deliver, accepted))
    assert all(isinstance(result, Delivered) and result.note.startswith("sent") for result in delivered)
    assert len(service.gateway.codes) == len(delivered) == 60


def test_behind_pgbouncer_no_setting_reaches_another_client(pooled: Database, pooler: int) -> None:
    check_current(pooled)
    name = pooled.engine.url.database
    with psycopg.connect(f"postgresql://postgres@{LOOPBACK}:{pooler}/{name}", autocommit=True) as other:
        assert other.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_a_direct_connection_has_its_time_outs_and_prepares(postgres: EmbeddedPostgres) -> None:
    db = Database(_url(postgres.port, "migrated"))
    with db.read() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "10s"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() != "0"
        driver: Any = connection.connection.driver_connection
        assert driver.prepare_threshold is not None
    db.close()


def _said(url: str) -> str:
    db = Database(url)
    try:
        with pytest.raises(DatabaseUnavailableError) as caught:
            check_current(db)
    finally:
        db.close()
    said = str(caught.value)
    assert said.startswith("OTP_DATABASE_URL: the database ")
    assert "the-password" not in said
    return said


def test_a_refused_connection_says_so() -> None:
    assert "connection refused" in _said(_url(free_ports(None)[0], "otp"))


def test_a_database_that_there_is_not_is_named_as_the_cause(postgres: EmbeddedPostgres, pooler: int) -> None:
    assert "no such database" in _said(_url(postgres.port, "nowhere"))
    assert "no such database" in _said(_url(pooler, "nowhere"))


def test_a_server_without_tls_is_named_as_the_cause(postgres: EmbeddedPostgres) -> None:
    assert "over TLS" in _said(_url(postgres.port, "migrated", "?sslmode=require"))


def test_an_unknown_user_is_named_as_the_cause(postgres: EmbeddedPostgres) -> None:
    url = _url(postgres.port, "migrated").replace("postgres@", "stranger:the-password@")
    assert "the user or the password" in _said(url)


def test_a_database_that_only_reads_is_named_as_the_cause(postgres: EmbeddedPostgres) -> None:
    name = "read_only"
    url = postgres.create_database(name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    db = Database(_url(postgres.port, name))
    with pytest.raises(DatabaseUnavailableError, match="takes no writes"):
        upgrade(db)
    db.close()


def test_a_file_that_cannot_be_opened_is_named_as_the_cause(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "cannot be opened" in _said(f"sqlite:///{tmp_path}/folder")


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("FATAL:  unsupported startup parameter: options", "pooler that refuses our settings"),
        ('prepared statement "_pg3_0" already exists', "pooler that shares its sessions"),
        ("FATAL:  query_wait_timeout", "pooler with no connection free"),
        ('FATAL:  password authentication failed for user "otp"', "the user or the password"),
        ('no pg_hba.conf entry for host "10.0.0.1", no encryption', "pg_hba.conf"),
        ("FATAL:  sorry, too many clients already", "no connection free"),
        ("could not translate host name", "host name"),
        ("connection timeout expired", "in time"),
        ("something new", "(OperationalError)"),
    ],
)
def test_what_postgres_and_pgbouncer_say_is_told_as_its_cause(words: str, cause: str) -> None:
    assert cause in cause_of(OperationalError("SELECT 1", None, Exception(words)))
