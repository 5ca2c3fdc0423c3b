"""A Postgres of our own with a streaming standby, either of which can be made the primary."""

from pathlib import Path

import psycopg

from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK
from otp_worker.devtools.processes.postgres import NAME, EmbeddedPostgres

STANDBY = f"{NAME}-2"
_READY_SECONDS = 30


class PostgresPair:
    """Two servers among a fleet's processes; the standby confirms each commit before the client is told.

    ``primary`` and ``standby`` are what each is now. Until a standby is there, the primary alone confirms.
    """

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        """Start both, in folders that must be readable by all; raises NoPostgresError and ProcessError."""
        self._fleet = fleet
        self.primary = EmbeddedPostgres(fleet, folder / NAME, durable=False)
        self.primary.start()
        self.standby = EmbeddedPostgres(
            fleet, folder / STANDBY, durable=False, name=STANDBY, primary=self.primary
        )
        self._follow()

    def url_of(self, database: str) -> str:
        """Where the primary's database answers, whichever of the two it is."""
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in sorted((self.primary.port, self.standby.port)))
        return f"postgresql://postgres@{hosts}/{database}?target_session_attrs=read-write"

    def create_database(self, name: str) -> str:
        """A new empty database; its URL."""
        self.primary.create_database(name)
        return self.url_of(name)

    def switch_over(self) -> None:
        """Kill the primary and let the standby take its place."""
        self.primary.kill()
        self.primary, self.standby = self.standby, self.primary
        with psycopg.connect(self.primary.url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote(true)")
            # With no standby there would be nobody to confirm a commit: each would wait.
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            connection.execute("SELECT pg_reload_conf()")

    def restore(self) -> None:
        """Make the one that was killed the standby. Raises EndedEarlyError and NotReadyError."""
        self.standby.copy(self.primary)
        self._follow()

    def stop(self) -> None:
        """End both."""
        for server in (self.standby, self.primary):
            if server.name in self._fleet:
                server.stop()

    def _follow(self) -> None:
        """Start the standby, and have the primary wait for it as soon as it has caught up."""
        self.standby.start()
        self._fleet.await_ready(self.standby.name, self._streams, _READY_SECONDS)
        with psycopg.connect(self.primary.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
        self._fleet.await_ready(self.standby.name, self._confirms, _READY_SECONDS)

    def _streams(self) -> bool:
        return self._followed()[0] == "streaming"

    def _confirms(self) -> bool:
        return self._followed()[1] == "sync"

    def _followed(self) -> tuple[str | None, str | None]:
        with psycopg.connect(self.primary.url, autocommit=True) as connection:
            row = connection.execute("SELECT state, sync_state FROM pg_stat_replication").fetchone()
        return (row[0], row[1]) if row else (None, None)
