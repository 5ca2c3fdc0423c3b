"""Hosts of a test's own: network namespaces on one bridge, and faults of the network between them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

BRIDGE_HOST = 254
NOWHERE = "02:00:00:00:00:99"
"""A network address that nobody has: what is sent there is lost in silence."""
_SLOW = (
    ("netem", "delay", "150ms", "loss", "5%"),
    # Where the kernel has no netem: each packet waits until the ones before it have trickled through.
    ("tbf", "rate", "128kbit", "burst", "4kb", "latency", "2000ms"),
)


class Host:
    """A namespace with one address; this machine is the other end of its cable."""

    def __init__(self, network: "Network", number: int) -> None:
        self.name = f"{network.name}h{number}"
        self.address = f"{network.prefix}.{number}"
        self._network = network
        self.cable = f"{network.name}c{number}"

    @property
    def within(self) -> list[str]:
        """What runs a command on this host, before the command."""
        return ["ip", "netns", "exec", self.name]

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Nothing reaches it and nothing leaves it; nobody is told."""
        with _between(f"ip link set {self.cable} down", f"ip link set {self.cable} up"):
            yield

    @contextmanager
    def unanswered(self) -> Iterator[None]:
        """What it sends arrives, and what is sent to it is lost."""
        neighbour = f"{self.address} dev {self._network.bridge}"
        with _between(
            f"ip neigh replace {neighbour} lladdr {NOWHERE} nud permanent", f"ip neigh del {neighbour}"
        ):
            yield

    @contextmanager
    def slowed(self) -> Iterator[str]:
        """What is sent to it comes late; the kernel's means of it."""
        for how in _SLOW:
            if _run("tc", "qdisc", "add", "dev", self.cable, "root", *how):
                yield how[0]
                _run("tc", "qdisc", "del", "dev", self.cable, "root")
                return
        yield ""


class Network:
    """A bridge of this machine's with hosts on it; ``address`` is this machine's."""

    def __init__(self) -> None:
        self.name = f"o{os.getpid() % 100_000}"
        self.bridge = f"{self.name}br"
        self.prefix = f"10.213.{os.getpid() % 250}"
        self.address = f"{self.prefix}.{BRIDGE_HOST}"


@contextmanager
def hosts(number: int) -> Iterator[tuple[Network, list[Host]]]:
    """So many hosts. Raises OSError, with what the kernel said, where it makes none."""
    network = Network()
    made = [Host(network, each) for each in range(1, number + 1)]
    with ExitStack() as undone:
        undone.enter_context(
            _between(f"ip link add {network.bridge} type bridge", f"ip link del {network.bridge}")
        )
        _must(f"ip addr add {network.address}/24 dev {network.bridge}")
        _must(f"ip link set {network.bridge} up")
        for host in made:
            # The cable goes with the namespace that holds its other end.
            undone.enter_context(_between(f"ip netns add {host.name}", f"ip netns del {host.name}"))
            _must(f"ip link add {host.cable} type veth peer name eth0 netns {host.name}")
            _must(f"ip link set {host.cable} master {network.bridge}")
            _must(f"ip link set {host.cable} up")
            _must(f"ip -n {host.name} addr add {host.address}/24 dev eth0")
            _must(f"ip -n {host.name} link set eth0 up")
            _must(f"ip -n {host.name} link set lo up")
        yield network, made


@contextmanager
def _between(begin: str, end: str) -> Iterator[None]:
    _must(begin)
    try:
        yield
    finally:
        _run(*end.split())


def _must(command: str) -> None:
    done = subprocess.run(command.split(), capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise OSError(f"{command}: {done.stderr.strip()}")


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
