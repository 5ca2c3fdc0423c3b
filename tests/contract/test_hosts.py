"""Three hosts and one Postgres: what the network does to one of them loses nothing, and stops no other."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.store.database import Database
from otp_worker.store.database_url import parse_database_url
from otp_worker.store.migrate import upgrade
from tests.contract.hosts import Host, Network, hosts

pytestmark = pytest.mark.nightly
PATIENCE_SECONDS = 90
A_FEW = 3
ROOT = Path(__file__).resolve().parents[2]


class Sender:
    """A host's process; what it was answered so far."""

    def __init__(self, host: Host, url: str, operator: int) -> None:
        self.host = host
        self.accepted: list[str] = []
        self.refused = 0
        self.process = subprocess.Popen(
            [*host.within, sys.executable, "-m", "tests.contract.sending_host", url, str(operator)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            word, said = line.split()
            if word == "accepted":
                self.accepted.append(said)
            else:
                self.refused += 1

    def await_accepted(self) -> None:
        """Wait until a few more sends were accepted."""
        wanted = len(self.accepted) + A_FEW
        self._await(lambda: len(self.accepted) >= wanted)

    def await_refused(self) -> None:
        """Wait until one more send was refused: it waits for nobody without a bound."""
        wanted = self.refused + 1
        self._await(lambda: self.refused >= wanted)

    def _await(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done():
            assert self.process.poll() is None, "it ended"
            assert time.monotonic() < deadline, f"{self.host.name} did not get on"
            time.sleep(0.05)

    def end(self) -> None:
        """Let it end, and wait for its last word."""
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE_SECONDS)
        finally:
            self.process.kill()
        self._reader.join(PATIENCE_SECONDS)


@contextmanager
def postgres_for(network: Network) -> Iterator[tuple[EmbeddedPostgres, str]]:
    """A Postgres on this machine that the hosts reach, and the URL of a database with the schema."""
    with (
        TemporaryDirectory(prefix="otp-hosts-") as name,
        Fleet(Path(name), cwd=Path(name), env=child_environment({})) as fleet,
    ):
        Path(name).chmod(0o755)
        server = EmbeddedPostgres(fleet, Path(name) / "server", durable=False, host=network.address)
        server.start()
        url = server.create_database("otp")
        with closing(Database(parse_database_url(url))) as db:
            upgrade(db)
        yield server, url
        server.stop()


@pytest.fixture(scope="module")
def senders() -> Iterator[tuple[EmbeddedPostgres, list[Sender]]]:
    """Three hosts that send, and their database; at the end everything that was accepted is there."""
    try:
        made = hosts(3)
        network, each_host = made.__enter__()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"this kernel makes no hosts: {error}")
    try:
        with postgres_for(network) as (server, url):
            sending = [Sender(host, url, 400 + n) for n, host in enumerate(each_host)]
            for sender in sending:
                sender.await_accepted()
            yield server, sending
            for sender in sending:
                sender.end()
            with psycopg.connect(url) as connection:
                kept = {row[0] for row in connection.execute("SELECT id FROM verifications")}
            lost = {one for sender in sending for one in sender.accepted} - kept
            assert lost == set()
    finally:
        made.__exit__(None, None, None)


Hosts = tuple[EmbeddedPostgres, list[Sender]]


def test_a_host_that_is_cut_off_refuses_in_time_and_goes_on_when_it_is_back(senders: Hosts) -> None:
    _, (struck, *others) = senders
    with struck.host.cut_off():
        struck.await_refused()
        for other in others:
            other.await_accepted()
    struck.await_accepted()


def test_a_host_whose_answers_are_lost_refuses_in_time_as_well(senders: Hosts) -> None:
    _, (other, struck, _) = senders
    with struck.host.unanswered():
        struck.await_refused()
        other.await_accepted()
    struck.await_accepted()


def test_a_connection_that_one_end_has_forgotten_is_made_anew(senders: Hosts) -> None:
    server, (other, _, struck) = senders
    with struck.host.cut_off():
        struck.await_refused()
        server.end_sessions("otp")
        other.await_accepted()
    struck.await_accepted()


def test_a_slow_host_is_slow_alone(senders: Hosts) -> None:
    _, (struck, *others) = senders
    with struck.host.slowed() as how:
        if not how:
            pytest.skip("this kernel has neither netem nor tbf (sch_netem, sch_tbf)")
        for sender in (struck, *others):
            sender.await_accepted()
