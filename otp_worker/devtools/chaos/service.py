"""The service under test: the real processes, with a proxy between them and their broker."""

import os
import secrets
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from otp_worker.devtools.chaos.disk import small_disk
from otp_worker.devtools.chaos.doors import TEMPLATE, TEMPLATE_FIELD, TEMPLATE_TEXT
from otp_worker.devtools.chaos.families import Family
from otp_worker.devtools.chaos.hook import Hook
from otp_worker.devtools.chaos.insides import Insides
from otp_worker.devtools.chaos.plan import WORKERS
from otp_worker.devtools.chaos.proxy import Proxy
from otp_worker.devtools.chaos.scenario import DatabaseKind, Scenario, Topology
from otp_worker.devtools.chaos.tls import HOST, TlsFront, tls_front
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.interrupts import interruptible
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.devtools.processes.postgres_pair import PostgresPair
from otp_worker.devtools.processes.rabbit_cluster import EmbeddedRabbitCluster
from otp_worker.devtools.processes.sentinels import EmbeddedSentinels
from otp_worker.devtools.processes.stack import APP, READY_SECONDS, Stack, planned_stack
from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.app import APP_SCOPES, KeyScope
from otp_worker.store import seal_keys
from otp_worker.store.database import Database
from otp_worker.store.database_url import parse_database_url

MEMORY = Path("/dev/shm")  # nosec B108 # noqa: S108 - what is put there is in a folder of our own
COPIES = {"worker": 2, "flower": 0, "console": 0}


@dataclass(frozen=True, slots=True)
class Service:
    """What runs, and where its records are."""

    stack: Stack
    proxy: Proxy | None
    postgres: EmbeddedPostgres | PostgresPair | None
    journal: Path
    database_url: str
    data: Path
    insides: Insides
    hook: Hook | None
    tls: TlsFront | None
    gateway: Proxy | None


@contextmanager
def running_service(scenario: Scenario, folder: Path) -> Iterator[Service]:
    """A service that is ready to work; everything is stopped at the end.

    Raises NoBrokerError, NoPostgresError, and ProcessError where it does not come up.
    """
    journal = folder / "journal.jsonl"
    with interruptible() as parts:
        data = parts.enter_context(_data_folder(folder, small=Family.FULL_DISK in scenario.families))
        postgres = _database_servers(parts, scenario, data)
        url = postgres.create_database("chaos") if postgres else f"sqlite:///{data}/otp.db"
        stack = parts.enter_context(
            planned_stack(
                folder,
                url,
                settings=scenario.settings,
                copies=COPIES,
                journal=journal,
                broker=scenario.broker_name,
            )
        )
        _prepare(stack)
        stack.phone.knobs.set(dedupe=scenario.dedupe, receipts=["delivered"])
        proxy = _broker_front(parts, stack)
        insides = Insides(folder, scenario.families, scenario.seed)
        hook = parts.enter_context(Hook()) if Family.WEBHOOK in scenario.families else None
        if hook is not None:
            stack.settings |= _hook_settings(hook)
        tls, gateway = _gateway_front(parts, stack, scenario, folder)
        if tls is not None:
            insides.trusted = tls.certificate
        url = parse_database_url(url)
        _start(stack, scenario, insides, url)
        yield Service(stack, proxy, postgres, journal, url, data, insides, hook, tls, gateway)
        # Before the proxy goes: nothing then waits for the broker in vain.
        stack.stop()


def _prepare(stack: Stack) -> None:
    """Let the one app use every door."""
    stack.prepare(scopes=(*sorted(APP_SCOPES), KeyScope.MESSAGE))
    stack.must("apps", "set", APP, "custom_codes=on")
    stack.must("templates", "set", APP, TEMPLATE, TEMPLATE_TEXT, "--field", TEMPLATE_FIELD)


def _start(stack: Stack, scenario: Scenario, insides: Insides, database_url: str) -> None:
    for name, command in stack.lines.items():
        environment = {**stack.settings, **insides.environment(name)}
        stack.fleet.start(name, scenario.command(command), environment)
    stack.await_ready()
    with closing(Database(database_url)) as db:
        # Else the first sends that are sealed might be refused.
        stack.fleet.await_ready(WORKERS[0], lambda: bool(seal_keys.known(db)), READY_SECONDS)


def _broker_front(parts: ExitStack, stack: Stack) -> Proxy | None:
    """What stands before a broker with one address; the service is sent there."""
    if isinstance(stack.broker, EmbeddedSentinels | EmbeddedRabbitCluster):
        return None
    proxy = parts.enter_context(Proxy(stack.broker.port))
    through_proxy = make_url(stack.broker.url).set(port=proxy.port)
    stack.settings["OTP_BROKER_URL"] = through_proxy.render_as_string(hide_password=False)
    return proxy


def _hook_settings(hook: Hook) -> dict[str, str]:
    return {
        "OTP_REPLY_WEBHOOK_URL": hook.url,
        "OTP_REPLY_WEBHOOK_SECRET": "whsec_" + b64encode(secrets.token_bytes(32)).decode(),
        "OTP_REPLY_WEBHOOK_PRIVATE": "true",
    }


def _gateway_front(
    parts: ExitStack, stack: Stack, scenario: Scenario, folder: Path
) -> tuple[TlsFront | None, Proxy | None]:
    """What stands before the phone, where the run's faults need that; the service is sent there."""
    if Family.TLS in scenario.families:
        tls = parts.enter_context(tls_front(folder, stack.phone.port))
        stack.settings["OTP_GATEWAY_URL"] = _gateway_url(stack.phone, tls.outer, "https")
        return tls, tls.outer
    if Family.RESOLVER in scenario.families:
        front = parts.enter_context(Proxy(stack.phone.port))
        stack.settings["OTP_GATEWAY_URL"] = _gateway_url(stack.phone, front, "http")
        return None, front
    return None, None


def _gateway_url(phone: Simulator, front: Proxy, scheme: str) -> str:
    """The phone's URL by way of what stands before it, and with a name that must be looked up."""
    return f"{scheme}://{HOST}:{front.port}{phone.url.removeprefix(phone.origin)}"


@contextmanager
def _data_folder(kept: Path, *, small: bool) -> Iterator[Path]:
    """Where the database lives: in memory where the machine has such a folder, and on a small disk if asked.

    A kill is no power cut, so a disk would only make the run slower. An SQLite file is kept at the end.
    """
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="otp-chaos-", dir=memory))
    # Postgres does not run as root, and its own user must get in.
    folder.chmod(0o755)
    try:
        with small_disk(folder) if small else nullcontext():
            yield folder
            for file in folder.glob("otp.db*"):
                shutil.copy(file, kept)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _database_servers(
    parts: ExitStack, scenario: Scenario, folder: Path
) -> EmbeddedPostgres | PostgresPair | None:
    """What the database is on; None for a file."""
    if scenario.topology is Topology.REPLICA:
        return parts.enter_context(_running_pair(folder))
    if scenario.database is DatabaseKind.POSTGRES:
        return parts.enter_context(_running_postgres(folder))
    return None


@contextmanager
def _running_pair(folder: Path) -> Iterator[PostgresPair]:
    with Fleet(folder, cwd=folder, env=child_environment({})) as fleet:
        servers = PostgresPair(fleet, folder)
        yield servers
        servers.stop()


@contextmanager
def _running_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    with Fleet(folder, cwd=folder, env=child_environment({})) as fleet:
        server = EmbeddedPostgres(fleet, folder / "server", durable=False)
        server.start()
        yield server
        server.stop()
