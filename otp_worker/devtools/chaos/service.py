"""The service under test: the real processes, with a proxy between them and their broker."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from otp_worker.devtools.chaos.proxy import Proxy
from otp_worker.devtools.chaos.scenario import DatabaseKind, Scenario
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.devtools.processes.stack import Stack, planned_stack

MEMORY = Path("/dev/shm")  # nosec B108 # noqa: S108 - what is put there is in a folder of our own
COPIES = {"worker": 2, "flower": 0}


@dataclass(frozen=True, slots=True)
class Service:
    """What runs, and where its records are."""

    stack: Stack
    proxy: Proxy
    postgres: EmbeddedPostgres | None
    journal: Path
    database_url: str


@contextmanager
def running_service(scenario: Scenario, folder: Path) -> Iterator[Service]:
    """A service that is ready to work; everything is stopped at the end.

    Raises NoBrokerError, NoPostgresError, and ProcessError where it does not come up.
    """
    journal = folder / "journal.jsonl"
    with ExitStack() as parts:
        postgres = None
        data = parts.enter_context(_data_folder(folder))
        url = f"sqlite:///{data}/otp.db"
        if scenario.database is DatabaseKind.POSTGRES:
            postgres = parts.enter_context(_running_postgres(data))
            url = postgres.create_database("chaos")
        stack = parts.enter_context(
            planned_stack(
                folder,
                url,
                settings=scenario.settings,
                copies=COPIES,
                journal=journal,
                broker=scenario.broker.value,
            )
        )
        stack.prepare()
        stack.phone.knobs.set(dedupe=scenario.dedupe, receipts=["delivered"])
        proxy = parts.enter_context(Proxy(stack.broker.port))
        _start(stack, proxy, scenario)
        yield Service(stack, proxy, postgres, journal, url.replace("postgresql://", "postgresql+psycopg://"))
        # Before the proxy goes: nothing then waits for the broker in vain.
        stack.stop()


def _start(stack: Stack, proxy: Proxy, scenario: Scenario) -> None:
    through_proxy = make_url(stack.broker.url).set(port=proxy.port)
    stack.settings["OTP_BROKER_URL"] = through_proxy.render_as_string(hide_password=False)
    for name, command in stack.lines.items():
        stack.fleet.start(name, scenario.command(command), stack.settings)
    stack.await_ready()


@contextmanager
def _data_folder(kept: Path) -> Iterator[Path]:
    """Where the database lives: in memory where the machine has such a folder.

    A kill is no power cut, so a disk would only make the run slower. An SQLite file is kept at the end.
    """
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="otp-chaos-", dir=memory))
    # Postgres does not run as root, and its own user must get in.
    folder.chmod(0o755)
    try:
        yield folder
        for file in folder.glob("otp.db*"):
            shutil.copy(file, kept)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    with Fleet(folder, cwd=folder, env=child_environment({})) as fleet:
        server = EmbeddedPostgres(fleet, folder / "server", durable=False)
        server.start()
        yield server
        server.stop()
