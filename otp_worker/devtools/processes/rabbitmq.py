"""A RabbitMQ node of our own: on loopback, with a password, its data and its port mapper its own too."""

import os
import secrets
import shlex
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kombu import Connection
from kombu.transport.native_delayed_delivery import MAX_LEVEL, level_name

from otp_worker.devtools.processes.broker import NAME
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.errors import CommandFailedError, NoBrokerError
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.service.celery_app import QUEUES

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The server's own script; the one on PATH refuses to run as another user than ``rabbitmq``."""
CONTROL = SERVER.with_name("rabbitmqctl")

USUAL_MEMORY, NO_MEMORY = "0.4", "0.000001"
"""Shares of the machine's memory: above its own a node lets nobody publish (its resource alarm)."""

PORT_MAPPER = "epmd"
"""The process beside the node, by which nodes find each other."""

_USER = "otp"
_READY_SECONDS = 60
_ANSWER_SECONDS = 5
_CONTROL_SECONDS = 30
_STOP_SECONDS = 30
_CONFIGURATION = """\
listeners.tcp.1 = {host}:{port}
default_user = {user}
default_pass = {password}
"""


@dataclass(frozen=True)
class Member:
    """A node's place among its fleet's processes, and in a cluster: all its nodes share secret and mapper."""

    process: str = NAME
    node: str = "otp@localhost"
    nodes: tuple[str, ...] = ()
    secret: str = ""
    mapper_port: int = 0

    @property
    def configuration(self) -> str:
        """The lines that make it look for the others."""
        key = "cluster_formation.classic_config.nodes"
        return "".join(f"{key}.{n} = {node}\n" for n, node in enumerate(self.nodes, 1))


ALONE = Member()


class EmbeddedRabbit:
    """The broker among a fleet's processes; every start of it has the same port, password and data."""

    def __init__(
        self, fleet: Fleet, folder: Path, server: Path = SERVER, *, member: Member = ALONE, further: str = ""
    ) -> None:
        """Write the configuration into ``folder``, with ``further`` lines of it; nothing runs yet.

        Raises NoBrokerError.
        """
        self._fleet = fleet
        self._server = server
        self._member = member
        self.version = _version(server)
        self._password = member.secret or secrets.token_urlsafe(24)
        self.port, self._node_port, mapper_port = free_ports(None, None, None)
        self._mapper_port = member.mapper_port or mapper_port
        self._home = self._write_configuration(folder, further)

    @property
    def url(self) -> str:
        """Where it answers, password included."""
        return f"amqp://{_USER}:{self._password}@{LOOPBACK}:{self.port}//"

    @property
    def struck(self) -> str:
        """The name of the process that matters."""
        return self._member.process

    def start(self) -> None:
        """Start it and wait until it takes connections. Raises EndedEarlyError and NotReadyError."""
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Start it."""
        self._start_port_mapper()
        self._fleet.start(self._member.process, f"exec {shlex.quote(str(self._server))}", self._environment)

    def stop(self) -> None:
        """End it as an operator would; its data is on the disk."""
        self._fleet.stop(self._member.process, grace_seconds=_STOP_SECONDS)
        self._fleet.stop(PORT_MAPPER)

    def kill(self) -> None:
        """End it as a power cut would; what it confirmed is on the disk."""
        self._fleet.kill(self._member.process)

    def restart(self) -> None:
        """Start it again, after a stop or a kill or while it runs, and wait until it answers."""
        self._start_port_mapper()
        self._fleet.restart(self._member.process)
        self.await_ready()

    def wipe(self) -> None:
        """Lose everything that waits in our queues; what is in a worker's hands stays there."""
        # Purged and not deleted: a quorum queue that is made anew and killed within two seconds, before
        # RabbitMQ 3.10 has written its name down, refuses every message from then on.
        delayed = [level_name(level) for level in range(MAX_LEVEL + 1)]
        with self._connection() as connection:
            for queue in (*QUEUES, *delayed):
                with suppress(connection.channel_errors):
                    connection.default_channel.queue_purge(queue)

    def set_memory(self, share: str) -> bool:
        """Set above which share of the machine's memory it raises its alarm; False if it does not answer."""
        told = subprocess.run(
            [CONTROL, "--timeout", str(_ANSWER_SECONDS), "set_vm_memory_high_watermark", share],
            env=child_environment(self._environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_CONTROL_SECONDS,
            check=False,
        )
        return told.returncode == 0

    def await_queues(self) -> None:
        """Wait until our queues would outlive a kill: their names reach the disk some time later.

        Raises NotReadyError.
        """
        self._fleet.await_ready(self._member.process, self._remembers_queues, _READY_SECONDS)

    def control(self, *arguments: str) -> None:
        """Run ``rabbitmqctl`` on the node, to its end; raises CommandFailedError."""
        program = self._server.with_name("rabbitmqctl")
        done = subprocess.run(
            [program, "--quiet", *arguments],
            env=child_environment(self._environment),
            capture_output=True,
            text=True,
            timeout=_READY_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise CommandFailedError(f"rabbitmqctl {' '.join(arguments)}: {done.stdout}{done.stderr}")

    def stored(self) -> str:
        """All that its files hold, what was consumed included; bytes that are no text as they are."""
        files = (path for path in (self._home / "data").rglob("*") if path.is_file())
        return "\n".join(path.read_bytes().decode("latin-1") for path in files)

    def _remembers_queues(self) -> bool:
        files = (self._home / "data").glob("*/quorum/*/names.dets")
        names = b"".join(file.read_bytes() for file in files)
        return all(queue.encode() in names for queue in QUEUES)

    @property
    def _environment(self) -> dict[str, str]:
        home = str(self._home)
        return {
            # Where Erlang keeps its cookie.
            "HOME": home,
            **self._port_mapper_environment,
            # A file that is not there, so that the system's settings are not read.
            "RABBITMQ_CONF_ENV_FILE": f"{home}/none",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
            "RABBITMQ_NODENAME": self._member.node,
            "RABBITMQ_DIST_PORT": str(self._node_port),
            "RABBITMQ_MNESIA_BASE": f"{home}/data",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                f"-start_epmd false -kernel inet_dist_use_interface {{{LOOPBACK.replace('.', ',')}}}"
            ),
            # The server then takes the script's place, where its signals and its status are the process's.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    @property
    def _port_mapper_environment(self) -> dict[str, str]:
        return {"ERL_EPMD_ADDRESS": LOOPBACK, "ERL_EPMD_PORT": str(self._mapper_port)}

    def _start_port_mapper(self) -> None:
        if PORT_MAPPER not in self._fleet:
            # Else the node would start one that outlives it, or use the system's.
            self._fleet.start(PORT_MAPPER, "exec epmd", self._port_mapper_environment)

    def await_ready(self) -> None:
        """Wait until it takes connections. Raises EndedEarlyError and NotReadyError."""
        with self._connection() as connection:
            self._fleet.await_ready(self._member.process, lambda: _answers(connection), _READY_SECONDS)

    def _connection(self) -> Connection:
        return Connection(self.url, connect_timeout=_ANSWER_SECONDS)

    def _write_configuration(self, folder: Path, further: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        # A folder that only we can read, and a new one: a node keeps the password of its first start.
        home = Path(tempfile.mkdtemp(prefix="node-", dir=folder.absolute()))
        (home / "enabled_plugins").write_text("[].\n")
        (home / "rabbitmq.conf").write_text(
            _CONFIGURATION.format(host=LOOPBACK, port=self.port, user=_USER, password=self._password)
            + self._member.configuration
            + further
        )
        if self._member.secret:
            # Nodes of one cluster know each other by it.
            cookie = home / ".erlang.cookie"
            cookie.write_text(self._member.secret)
            cookie.chmod(0o400)
        return home


def _version(server: Path) -> str:
    """Such as ``rabbitmq 3.10.8``; the folder's name tells it at once, the program after seconds."""
    if not os.access(server, os.X_OK):
        raise NoBrokerError("no RabbitMQ on this machine: install rabbitmq-server")
    return server.resolve().parents[1].name.replace("_server-", " ")


def _answers(connection: Connection) -> bool:
    transport = connection.transport
    try:
        transport.close_connection(transport.establish_connection())
    except connection.connection_errors:
        return False
    return True
