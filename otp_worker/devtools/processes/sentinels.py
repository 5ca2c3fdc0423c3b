"""A Redis of our own with a replica, and three Sentinels that agree which of the two is the primary."""

import secrets
import shlex
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from otp_worker.devtools.processes.broker import NAME, EmbeddedBroker, find_server
from otp_worker.devtools.processes.fleet import GRACE_SECONDS, Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports

REPLICA = f"{NAME}-2"
MASTER_NAME = "otp"
SENTINELS = ("sentinel-1", "sentinel-2", "sentinel-3")
_QUORUM = 2
_READY_SECONDS = 30
_SERVER = """\
masterauth {password}
repl-diskless-sync-delay 0
"""
_SENTINEL = """\
bind {host}
port {port}
dir "{folder}"
requirepass {own_password}
sentinel sentinel-pass {own_password}
sentinel monitor {name} {host} {primary_port} {quorum}
sentinel auth-pass {name} {password}
sentinel down-after-milliseconds {name} 500
sentinel failover-timeout {name} 3000
"""


class EmbeddedSentinels:
    """The broker among a fleet's processes: two servers and three Sentinels, each with a port of its own."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        """Write the configurations into ``folder``; nothing runs yet. Raises NoBrokerError."""
        self._fleet = fleet
        self._program = find_server()
        self._password, self._own_password = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        further = _SERVER.format(password=self._password)
        first = self._server(folder, NAME, further)
        replica = self._server(folder, REPLICA, f"{further}replicaof {LOOPBACK} {first.port}\n")
        self.servers = {server.port: server for server in (first, replica)}
        self.version = f"{first.version} with three Sentinels"
        self._ports = dict(zip(SENTINELS, free_ports(None, None, None), strict=True))
        self._configurations = {name: self._write(folder, name, first.port) for name in SENTINELS}

    @property
    def url(self) -> str:
        """Where its Sentinels answer, passwords included."""
        first, *others = self._ports.values()
        parts = [f"sentinel://:{self._password}@{LOOPBACK}:{first}/0"]
        parts += [f"sentinel://{LOOPBACK}:{port}" for port in others]
        return f"{';'.join(parts)}?master_name={MASTER_NAME}&sentinel_password={self._own_password}"

    @property
    def primary(self) -> EmbeddedBroker:
        """The server that most Sentinels take for the primary now."""
        named = [port for name in SENTINELS if (port := self._primary_port(name))]
        # While none answers, one is as good as the other.
        return self.servers[max(set(named), key=named.count) if named else next(iter(self.servers))]

    def start(self) -> None:
        """Start all and wait until a failover could be. Raises EndedEarlyError and NotReadyError."""
        for server in self.servers.values():
            server.start()
        for name, file in self._configurations.items():
            self._fleet.start(
                name, f"exec {shlex.quote(str(self._program))} {shlex.quote(str(file))} --sentinel"
            )
        for name in SENTINELS:
            self._fleet.await_ready(name, partial(self._knows_all, name), _READY_SECONDS)

    def await_primary(self, other_than: EmbeddedBroker) -> EmbeddedBroker:
        """Wait until the Sentinels agree on another primary. Raises NotReadyError."""
        port = next(port for port in self.servers if port != other_than.port)
        self._fleet.await_ready(SENTINELS[0], lambda: self._agree_on(port), _READY_SECONDS)
        return self.servers[port]

    def stop(self) -> None:
        """End all as an operator would."""
        self._fleet.stop(
            *SENTINELS, *[server.name for server in self.servers.values()], grace_seconds=GRACE_SECONDS
        )

    def kill(self) -> EmbeddedBroker:
        """End the primary as a power cut would; the Sentinels make the replica the primary."""
        primary = self.primary
        primary.kill()
        return primary

    @property
    def struck(self) -> str:
        """The name of the process that matters most now: the primary's."""
        return self.primary.name

    def restart(self) -> None:
        """Start again what was killed; some seconds later the Sentinels make it follow the primary."""
        for server in self.servers.values():
            if server.name not in self._fleet:
                server.restart()

    def wipe(self) -> None:
        """Lose everything it holds (FLUSHALL); the replica follows."""
        self.primary.wipe()

    def order(self, *words: str) -> None:
        """Give the primary a command. Raises redis.RedisError where it does not obey."""
        self.primary.order(*words)

    def _server(self, folder: Path, name: str, further: str) -> EmbeddedBroker:
        return EmbeddedBroker(
            self._fleet, folder / name, self._program, name=name, password=self._password, further=further
        )

    def _agree_on(self, port: int) -> bool:
        return all(self._primary_port(name) == port for name in SENTINELS)

    def _knows_all(self, name: str) -> bool:
        with suppress(redis.RedisError), closing(self._client(name)) as client:
            state = client.sentinel_master(MASTER_NAME)
            replicas = client.sentinel_slaves(MASTER_NAME)
            follows = [
                each for each in replicas if each["master-link-status"] == "ok" and not each["is_sdown"]
            ]
            return (
                state["num-other-sentinels"] == len(SENTINELS) - 1 and not state["is_sdown"] and bool(follows)
            )
        return False

    def _primary_port(self, name: str) -> int | None:
        with suppress(redis.RedisError), closing(self._client(name)) as client:
            address = client.sentinel_get_master_addr_by_name(MASTER_NAME)
            return address[1] if address else None
        return None

    def _client(self, name: str) -> Any:
        return redis.Redis(
            host=LOOPBACK,
            port=self._ports[name],
            password=self._own_password,
            socket_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )

    def _write(self, folder: Path, name: str, primary_port: int) -> Path:
        own = folder.absolute() / name
        own.mkdir(parents=True, exist_ok=True)
        file = own / "sentinel.conf"
        # A file only we can read; a Sentinel writes into it what it learns.
        file.touch(mode=0o600)
        file.write_text(
            _SENTINEL.format(
                host=LOOPBACK,
                port=self._ports[name],
                folder=own,
                own_password=self._own_password,
                name=MASTER_NAME,
                primary_port=primary_port,
                quorum=_QUORUM,
                password=self._password,
            )
        )
        return file
