"""A RabbitMQ cluster of our own: three nodes on loopback, with quorum queues that outlive the loss of one."""

import re
import secrets
from pathlib import Path

from otp_worker.devtools.processes.broker import NAME
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.devtools.processes.rabbitmq import PORT_MAPPER, EmbeddedRabbit, Member
from otp_worker.service.celery_app import DELIVER_QUEUE

NODES = {f"otp-{n}@localhost": name for n, name in enumerate((NAME, f"{NAME}-2", f"{NAME}-3"), 1)}
"""Each node, and the process that it is."""
_ELECTED = re.compile(rf"queue '{re.escape(DELIVER_QUEUE)}' in vhost '/': candidate -> leader in term: (\d+)")
_STOP_SECONDS = 30


class EmbeddedRabbitCluster:
    """The broker among a fleet's processes: three nodes, each with a port of its own."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        """Write the configurations into ``folder``; nothing runs yet. Raises NoBrokerError."""
        self._fleet = fleet
        secret, mapper = secrets.token_hex(24), free_ports(None)[0]
        self.nodes = {
            node: EmbeddedRabbit(
                fleet, folder / process, member=Member(process, node, tuple(NODES), secret, mapper)
            )
            for node, process in NODES.items()
        }
        self.version = f"{self._any.version}, three nodes"

    @property
    def url(self) -> str:
        """Where its nodes answer, password included."""
        first, *others = self.nodes.values()
        return ";".join([first.url, *(f"amqp://{LOOPBACK}:{other.port}" for other in others)])

    @property
    def struck(self) -> str:
        """The name of the process that matters most now: the node that leads the queue of deliveries."""
        return NODES[self.leader]

    @property
    def leader(self) -> str:
        """The node that last said in its log that it leads the queue of deliveries; any where none did.

        ``rabbitmqctl`` would tell it too, but not while a node is lost and the others wait for its answer.
        """
        terms = {node: self._last_term(name) for node, name in NODES.items()}
        return max(terms, key=lambda node: terms[node])

    def _last_term(self, process: str) -> int:
        log = self._fleet.log(process)
        said = _ELECTED.findall(log.read_text(errors="replace")) if log.exists() else []
        return int(said[-1]) if said else 0

    def start(self) -> None:
        """Start all and wait until they take connections. Raises EndedEarlyError and NotReadyError."""
        for server in self.nodes.values():
            server.launch()
        for server in self.nodes.values():
            server.await_ready()

    def stop(self) -> None:
        """End all as an operator would; their data is on the disk."""
        self._fleet.stop(*NODES.values(), grace_seconds=_STOP_SECONDS)
        self._fleet.stop(PORT_MAPPER)

    def kill(self) -> str:
        """End the node that leads as a power cut would; the node."""
        leader = self.leader
        self.nodes[leader].kill()
        return leader

    def restart(self) -> None:
        """Start again what was killed, and wait until it takes connections."""
        for node, server in self.nodes.items():
            if NODES[node] not in self._fleet:
                server.restart()

    def wipe(self) -> None:
        """Lose everything that waits in our queues; what is in a worker's hands stays there."""
        running = [server for node, server in self.nodes.items() if NODES[node] in self._fleet]
        running[0].wipe()

    def await_queues(self) -> None:
        """Wait until each node would know our queues again after a kill. Raises NotReadyError."""
        for server in self.nodes.values():
            server.await_queues()

    @property
    def _any(self) -> EmbeddedRabbit:
        return next(iter(self.nodes.values()))
