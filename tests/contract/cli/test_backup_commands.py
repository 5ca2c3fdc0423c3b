"""The commands of "Backup" in deploy/README.md, as they stand there, in a shell."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.store.database import Database
from otp_worker.store.schema import verifications
from tests.contract.service import Service
from tests.contract.store.unused import unused_database

_SECTION = Path("deploy/README.md").read_text().partition("\n## Backup\n")[2].partition("\n## ")[0]
BLOCKS = {
    title: re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for title, _, text in (part.partition("\n") for part in _SECTION.split("\n### ")[1:])
}


@pytest.fixture
def environment(tmp_path: Path, migrated_sqlite: Path) -> dict[str, str]:
    """An operator's shell, over an SQLite database with a code in it that waits to be sent."""
    file = shutil.copy(migrated_sqlite, tmp_path / "otp.db")
    with closing(Database(f"sqlite:///{file}")) as db:
        Service(db).issue()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "otp-worker"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m otp_worker "$@"\n')
    program.chmod(0o755)
    return {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path.cwd()),
        "OTP_DATABASE_URL": f"sqlite:///{file}",
        "FOLDER": str(tmp_path),
    }


@pytest.fixture
def server(postgres: EmbeddedPostgres, environment: dict[str, str]) -> Iterator[EmbeddedPostgres]:
    """Postgres, whose programs and address that shell knows."""
    programs = postgres.program("pg_dump").parent
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    environment |= {"SERVER": postgres.url, "RESTORED": postgres.url_of("otp_restored")}
    yield postgres
    subprocess.run(
        [programs / "dropdb", "--if-exists", "--force", f"--maintenance-db={postgres.url}", "otp_restored"],
        check=True,
        timeout=60,
    )


def run(block: str, environment: dict[str, str]) -> str:
    """What the commands of a block print."""
    command = ["bash", "-euc", block]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    return done.stdout


def statuses(url: str) -> list[str]:
    """How every verification of a database stands."""
    with closing(Database(url)) as db, db.read() as connection:
        return list(connection.execute(select(verifications.c.status)).scalars())


def test_sqlite_is_backed_up_and_restored(environment: dict[str, str]) -> None:
    backup, restore = BLOCKS["SQLite"]
    assert "is made and sound" in run(backup, environment)
    assert "1 verifications canceled, 1 SMS not sent any more" in run(restore, environment)
    assert statuses(environment["OTP_DATABASE_URL"]) == ["canceled"]


def test_postgres_is_backed_up_and_restored(server: EmbeddedPostgres, environment: dict[str, str]) -> None:
    dump, restore = BLOCKS["Postgres"]
    with unused_database(server) as url:
        with closing(Database(url)) as db:
            Service(db).issue()
        run(dump, environment | {"URL": url.replace("+psycopg", "")})
    assert "1 verifications canceled, 1 SMS not sent any more" in run(restore, environment)
    restored = environment["RESTORED"].replace("postgresql://", "postgresql+psycopg://")
    assert statuses(restored) == ["canceled"]
    # Over a database in use it ends nothing.
    with closing(Database(restored)) as db, db.read() as connection:
        connection.exec_driver_sql("SELECT 1")
        with pytest.raises(AssertionError, match="1 other sessions"):
            run(restore.splitlines()[-1], environment)


def test_sqlite_is_moved_to_postgres(server: EmbeddedPostgres, environment: dict[str, str]) -> None:
    (move,) = BLOCKS["From SQLite to Postgres"]
    with unused_database(server, "template0") as url:
        told = run(move, environment | {"NEW": url.replace("+psycopg", "")})
        assert "moved and counted on both sides: 1 counters, 1 deliveries" in told
        assert statuses(url) == ["pending"]
    assert Path(environment["FOLDER"], "otp.db.moved").exists()
