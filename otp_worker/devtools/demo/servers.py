"""What a demo's service stands on: a broker, and a database."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from otp_worker.devtools.demo.options import Options
from otp_worker.devtools.demo.state import State
from otp_worker.devtools.processes.broker import NAME as BROKER
from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.postgres import NAME as POSTGRES
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.devtools.processes.rabbitmq import PORT_MAPPER, EmbeddedRabbit

NAMES = (BROKER, PORT_MAPPER, POSTGRES)
"""The processes of all servers that there can be."""
_DATABASE = "otp"


@dataclass(frozen=True)
class Servers:
    """The servers of one demo; without Postgres the database is a file."""

    broker: EmbeddedBroker | EmbeddedRabbit
    postgres: EmbeddedPostgres | None
    file: Path

    @classmethod
    def planned(cls, fleet: Fleet, state: State, options: Options, parts: ExitStack) -> "Servers":
        """Find the programs and choose ports; nothing runs yet. Raises NoBrokerError and NoPostgresError."""
        broker = EmbeddedRabbit if options.rabbitmq else EmbeddedBroker
        return cls(
            broker=broker(fleet, state.broker),
            postgres=_postgres(fleet, parts) if options.postgres else None,
            file=state.database,
        )

    @property
    def database_url(self) -> str:
        """Where the database answers."""
        return self.postgres.url_of(_DATABASE) if self.postgres else f"sqlite:///{self.file}"

    @property
    def is_new(self) -> bool:
        """Whether the database is still to be made; that of Postgres lives for one run."""
        return self.postgres is not None or not self.file.exists()

    @property
    def description(self) -> str:
        """Where the data are, for a person."""
        return f"postgres, port {self.postgres.port}" if self.postgres else str(self.file)

    def start_postgres(self) -> None:
        """Start it where there is one, with an empty database. Raises EndedEarlyError and NotReadyError."""
        if self.postgres:
            self.postgres.start()
            self.postgres.create_database(_DATABASE)


def _postgres(fleet: Fleet, parts: ExitStack) -> EmbeddedPostgres:
    # Not in the demo's own folder: where we are root it runs as somebody who may not look into that.
    folder = Path(parts.enter_context(TemporaryDirectory(prefix="otp-demo-")))
    folder.chmod(0o755)
    return EmbeddedPostgres(fleet, folder / "server", durable=False)
