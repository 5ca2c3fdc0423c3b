"""The services that scenarios measure: each is kept for the next scenario that wants the same."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from otp_worker.devtools.bench.gateway import Sink
from otp_worker.devtools.chaos.scenario import DatabaseKind
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.devtools.processes.stack import READY_SECONDS, Stack, answers, planned_stack
from otp_worker.domain.app import APP_SCOPES, KeyScope
from otp_worker.store.database import Database

Settings = Mapping[str, str]
_PROCESSES = ("web", "worker", "upkeep", "beat")
_PAGES = ("flower", "console")


@dataclass(frozen=True)
class Needs:
    """The service that a scenario needs; ``phone`` asks for the simulated phone in place of the raw sink.

    ``fill`` is given the URL of the migrated database before anything else opens it.
    """

    settings: Settings = field(default_factory=dict)
    processes: tuple[str, ...] = _PROCESSES
    phone: bool = False
    database: DatabaseKind | None = None
    fill: Callable[[str], None] | None = None


QUICK_HASHES = Needs({"OTP_BCRYPT_ROUNDS": "4"})
DEFAULT_HASHES = Needs({"OTP_BCRYPT_ROUNDS": "10", "OTP_LIMIT_CHECKS_IP": "30/m,200/h"})
"""What an address may check is the default too; honest checks here name none."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is ready to work; ``settings`` are what is worth knowing of how it was started."""

    stack: Stack
    database_url: str
    settings: Mapping[str, object]

    @property
    def port(self) -> int:
        """Where intake listens."""
        return int(self.stack.settings["PORT"])

    @property
    def headers(self) -> dict[str, str]:
        """What an app's requests carry."""
        return {"Authorization": f"Bearer {self.stack.api_key}"}


class Services:
    """At most one service at a time; ``database`` is where it keeps its truth unless it is said."""

    def __init__(self, folder: Path, database: DatabaseKind, sink: Sink) -> None:
        self._folder = folder
        self._database = database
        self._sink = sink
        self._running = ExitStack()
        self._servers = ExitStack()
        self._needs: Needs | None = None
        self._service: Service | None = None
        self._postgres: EmbeddedPostgres | None = None
        self._started = 0
        self.versions: dict[str, str] = {}

    def get(self, needs: Needs) -> Service:
        """The running service, if it is such a one; else a new one in its place. Raises ProcessError."""
        if self._service is None or needs != self._needs:
            self.stop()
            self._service = self._start(needs)
            self._needs = needs
        return self._service

    def stop(self) -> None:
        """Stop the running service, if there is one."""
        self._service = self._needs = None
        self._running.close()

    def close(self) -> None:
        """Stop everything."""
        self.stop()
        self._servers.close()

    def new_database(self, kind: DatabaseKind | None = None) -> str:
        """A new empty database, durable as in production; its URL. Raises NoPostgresError."""
        self._started += 1
        if (kind or self._database) is DatabaseKind.SQLITE:
            return f"sqlite:///{self._folder / f'otp-{self._started}.db'}"
        created = self._server().create_database(f"bench{self._started}")
        return created.replace("postgresql://", "postgresql+psycopg://")

    def note_version(self, database_url: str) -> str:
        """Remember the version of the database's server, and say what it is."""
        db = Database(database_url, 1)
        try:
            with db.read() as connection:
                ask, name = (
                    ("SELECT sqlite_version()", "sqlite")
                    if db.is_sqlite
                    else ("SHOW server_version", "postgres")
                )
                self.versions[name] = str(connection.execute(text(ask)).scalar_one())
        finally:
            db.close()
        return f"{name} {self.versions[name]}"

    def _start(self, needs: Needs) -> Service:
        url = self.new_database(needs.database)
        folder = self._folder / f"service-{self._started}"
        folder.mkdir()
        unseen = [name for name in _PAGES if name not in needs.processes]
        gateway = {} if needs.phone else {"OTP_GATEWAY_URL": self._sink.url}
        settings = {**gateway, **needs.settings}
        stack = self._running.enter_context(
            planned_stack(folder, url, settings=settings, copies=dict.fromkeys(unseen, 0))
        )
        stack.prepare(scopes=(*sorted(APP_SCOPES), KeyScope.MESSAGE))
        if needs.fill is not None:
            needs.fill(url)
        stack.phone.knobs.set(receipts=[])
        stack.start(*needs.processes)
        self._await(stack, needs.processes)
        broker, _, self.versions[broker] = stack.broker.version.partition(" ")
        return Service(stack, url, self._told(needs, url))

    @staticmethod
    def _await(stack: Stack, processes: tuple[str, ...]) -> None:
        if set(processes) == set(stack.lines):
            stack.await_ready()
        else:
            stack.fleet.await_ready("web", lambda: answers(f"{stack.url}/healthz"), READY_SECONDS)
        if "console" in processes:
            stack.fleet.await_ready("console", lambda: answers(f"{stack.console_url}/healthz"), READY_SECONDS)

    def _told(self, needs: Needs, url: str) -> dict[str, object]:
        return {
            "database": self.note_version(url),
            "processes": ", ".join(needs.processes),
            "gateway": "the simulated phone, no receipts" if needs.phone else "the raw sink",
            **needs.settings,
        }

    def _server(self) -> EmbeddedPostgres:
        if self._postgres is None:
            folder = self._folder / "postgres"
            folder.mkdir(mode=0o755)
            fleet = self._servers.enter_context(Fleet(folder, cwd=folder, env=child_environment({})))
            self._postgres = EmbeddedPostgres(fleet, folder / "server")
            self._postgres.start()
            self._servers.callback(self._postgres.stop)
        return self._postgres
