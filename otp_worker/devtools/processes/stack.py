"""A whole service of our own: the Procfile's processes, a broker, a database, and a simulated phone."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import requests

from otp_worker.devtools.processes.addresses import Addresses
from otp_worker.devtools.processes.broker import NAME as BROKER
from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.errors import CommandFailedError
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.devtools.processes.rabbit_cluster import EmbeddedRabbitCluster
from otp_worker.devtools.processes.rabbitmq import EmbeddedRabbit
from otp_worker.devtools.processes.sentinels import EmbeddedSentinels
from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import OF_THE_OPERATOR
from otp_worker.inbound.callbacks import inbound_url
from otp_worker.service.processes.procfile import OWN_PROCFILE, procfile_commands

ROOT = Path(__file__).resolve().parents[3]
APP = "shop"
READY_SECONDS = 60
_COMMAND_SECONDS = 60

# Nothing here protects anything: the whole stack lives on loopback for one run.
SECRET_KEY = "the root secret of a service that lives for one run"  # nosec B105 # noqa: S105
GATEWAY_KEY = "sk_live_" + "a" * 40
WEBHOOK_SECRET = "whsec_of_a_service_that_lives_for_one_run"  # nosec B105 # noqa: S105
FLOWER_AUTH = "operator:watching-flower"
CONSOLE_AUTH = "operator:watching-console"

WIDE_LIMITS = {f"OTP_LIMIT_{limit.upper()}": "1000000/h" for limit in OF_THE_OPERATOR}
"""One client asks for many codes here, which is what limits are there to prevent; they count, and let it."""

BrokerName = Literal["redis", "rabbitmq", "sentinels", "rabbit-cluster"]
Broker = EmbeddedBroker | EmbeddedRabbit | EmbeddedSentinels | EmbeddedRabbitCluster
_BROKERS: dict[BrokerName, Callable[[Fleet, Path], Broker]] = {
    "redis": EmbeddedBroker,
    "rabbitmq": EmbeddedRabbit,
    "sentinels": EmbeddedSentinels,
    "rabbit-cluster": EmbeddedRabbitCluster,
}


@dataclass
class Stack(Addresses):
    """The service's parts; ``settings`` is the environment that its processes get."""

    fleet: Fleet
    broker: Broker
    phone: Simulator
    settings: dict[str, str]
    copies: Mapping[str, int]
    api_key: str = field(default="", init=False)

    @property
    def lines(self) -> dict[str, str]:
        """The commands of the service's processes by their names."""
        return procfile_commands(OWN_PROCFILE, self.copies)

    def process_of(self, name: str) -> str:
        """The process that a blow at this one strikes: of several servers of a broker, the one that leads."""
        return self.broker.struck if name == BROKER else name

    def start(self, *names: str) -> None:
        """Start the processes of these names, or all of them; none is awaited."""
        for name in names or self.lines:
            self.fleet.start(name, self.lines[name], self.settings)

    def stop(self, *names: str) -> None:
        """Stop the processes of these names, or all of the Procfile's, as an operator would."""
        self.fleet.stop(*(names or self.lines))

    def await_ready(self) -> None:
        """Wait until sends will be made. Raises NotReadyError and EndedEarlyError."""
        self.fleet.await_ready("web", lambda: answers(f"{self.url}/readyz"), READY_SECONDS)
        if "flower" in self.fleet:
            self.fleet.await_ready("flower", lambda: answers(f"{self.flower_url}/healthcheck"), READY_SECONDS)
        if "console" in self.fleet:
            self.fleet.await_ready("console", lambda: answers(f"{self.console_url}/healthz"), READY_SECONDS)
        if isinstance(self.broker, EmbeddedRabbit | EmbeddedRabbitCluster):
            self.broker.await_queues()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an ``otp-worker`` command in the service's environment, to its end."""
        return subprocess.run(
            [Path(sys.executable).with_name("otp-worker"), *arguments],
            env=child_environment(self.settings),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )

    def prepare(self, scopes: Sequence[str] = ()) -> None:
        """Start the broker, migrate the database and make an API key, with these scopes if any are named.

        Raises CommandFailedError.
        """
        self.broker.start()
        self.must("migrate")
        words = [word for scope in scopes for word in ("--scope", scope)]
        self.api_key = self.must("keys", "create", "--name", APP, *words).strip()

    def must(self, *arguments: str) -> str:
        """What an ``otp-worker`` command prints. Raises CommandFailedError where it fails."""
        done = self.command(*arguments)
        if done.returncode != 0:
            raise CommandFailedError(f"otp-worker {' '.join(arguments)}: {done.stderr}")
        return done.stdout


@contextmanager
def planned_stack(
    folder: Path,
    database_url: str,
    *,
    settings: Mapping[str, str] | None = None,
    copies: Mapping[str, int] | None = None,
    journal: Path | None = None,
    broker: BrokerName = "redis",
) -> Iterator[Stack]:
    """A stack with its phone running and nothing else yet; at the end everything is stopped."""
    web, flower, console = free_ports(None, None, None)
    public_url = f"http://{LOOPBACK}:{web}"
    inbound = inbound_url(public_url, Keyring([SECRET_KEY]), "mobile_api_connect")
    simulator = Simulator(
        key=GATEWAY_KEY, webhook_secret=WEBHOOK_SECRET, webhook_url=inbound, journal=journal
    )
    with (
        simulator as phone,
        Fleet(folder, cwd=ROOT, env=child_environment({})) as fleet,
    ):
        server = _BROKERS[broker](fleet, folder / "broker")
        environment = {
            **_environment(folder, phone.url, public_url),
            "PORT": str(web),
            "FLOWER_PORT": str(flower),
            "CONSOLE_PORT": str(console),
            "OTP_DATABASE_URL": database_url,
            "OTP_BROKER_URL": server.url,
            **(settings or {}),
        }
        stack = Stack(fleet, server, phone, environment, copies or {})
        yield stack
        # The broker goes last, with the fleet: nothing then waits for it in vain.
        stack.stop()


def _environment(folder: Path, phone_url: str, public_url: str) -> dict[str, str]:
    """What every stack is told, beside where its parts are."""
    return {
        "OTP_SECRET_KEY": SECRET_KEY,
        "OTP_COUNTRIES": "GB",
        "OTP_GATEWAY_URL": phone_url,
        "OTP_GATEWAY_KEY": GATEWAY_KEY,
        "OTP_GATEWAY_WEBHOOK_SECRET": WEBHOOK_SECRET,
        # What is tried here is not the hash, and two cores have enough to do.
        "OTP_BCRYPT_ROUNDS": "4",
        "OTP_PUBLIC_URL": public_url,
        "OTP_FLOWER_AUTH": FLOWER_AUTH,
        "OTP_CONSOLE_AUTH": CONSOLE_AUTH,
        "OTP_STATE_DIR": str(folder),
        # Codes by the thousand that nobody enters are what it is there to stop.
        "OTP_GUARD": "off",
        **WIDE_LIMITS,
    }


@contextmanager
def running_stack(
    folder: Path,
    database_url: str,
    *,
    settings: Mapping[str, str] | None = None,
    copies: Mapping[str, int] | None = None,
    journal: Path | None = None,
    broker: BrokerName = "redis",
) -> Iterator[Stack]:
    """A whole service that is ready to work."""
    plan = planned_stack(
        folder, database_url, settings=settings, copies=copies, journal=journal, broker=broker
    )
    with plan as stack:
        stack.prepare()
        stack.start()
        stack.await_ready()
        yield stack


def answers(url: str) -> bool:
    """Whether a URL of this machine answers 200."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=2).status_code == 200
        except requests.RequestException:
            return False
