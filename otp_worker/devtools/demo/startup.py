"""Starting a demo's service, part by part, until each is ready."""

from contextlib import ExitStack
from dataclasses import dataclass

from otp_worker.devtools.demo.display import Display
from otp_worker.devtools.demo.errors import HopError
from otp_worker.devtools.demo.readiness import HttpProbe, WorkersProbe
from otp_worker.devtools.demo.service import Service
from otp_worker.devtools.demo.state import API_KEY, State
from otp_worker.devtools.processes.broker import NAME as BROKER
from otp_worker.devtools.processes.errors import NotReadyError
from otp_worker.devtools.processes.postgres import NAME as POSTGRES
from otp_worker.domain.ports import utc_now
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.service.database import open_database
from otp_worker.service.environment_file import check_variables
from otp_worker.store.migrate import upgrade

_READY_SECONDS = 60


@dataclass(frozen=True)
class Started:
    """What opens a running demo: an app's key, and the link that signs in to the page of the first steps."""

    api_key: str
    welcome_url: str


def start(service: Service, state: State, display: Display) -> Started:
    """Start everything, side by side, and wait until it can work. Raises DemoFailedError."""
    fleet, servers = service.fleet, service.servers
    fleet.while_waiting = display.still_waiting
    with display.hop("broker", fleet.log(BROKER), f"connections on port {servers.broker.port}") as hop:
        servers.broker.start()
        hop.detail = f"{servers.broker.version}, port {servers.broker.port}"
    api_key = _prepare_database(service, state, display)
    service.start_phones(api_key)
    ticket = state.write_welcome(service.tour(api_key))
    service.start_procfile()
    for name, url in zip(service.phones.names, service.phones.urls, strict=True):
        _await_url(service, display, name, f"{url}/sim/health", "simulated, online")
    _await_url(service, display, "web", f"{service.url}/healthz", service.url)
    with display.hop("worker", fleet.log("worker"), "a word of deliver and upkeep over the broker") as hop:
        probe = WorkersProbe(service.settings["OTP_BROKER_URL"], ["deliver", "upkeep"])
        fleet.await_ready("worker", probe, _READY_SECONDS)
        hop.detail = "deliver and upkeep answer"
    _await_url(service, display, "beat", f"{service.url}/readyz", "its sweeps run: the service is ready")
    _await_url(service, display, "flower", f"{service.flower_url}/healthcheck", service.flower_url)
    _await_url(service, display, "console", f"{service.console_url}/healthz", service.console_url)
    return Started(api_key, f"{service.console_url}/welcome?ticket={ticket}")


def _prepare_database(service: Service, state: State, display: Display) -> str:
    """Make the schema and an API key, in this process: a command for each would take a second of CPU."""
    servers, log = service.servers, service.fleet.log(POSTGRES)
    with display.hop("database", log, "connections and the schema") as hop, ExitStack() as opened:
        kept = None if servers.is_new else state.kept().get(API_KEY)
        settings = check_variables(service.settings)
        servers.start_postgres()
        db = open_database(settings)
        opened.callback(db.close)
        upgrade(db)
        hop.detail = servers.description
        api_key = kept or ApiKeys(db).create("demo", utc_now())
    with display.hop("API key", log) as hop:
        hop.detail = "kept from an earlier start" if kept else "made"
        if not kept:
            state.keep(API_KEY, api_key)
    return api_key


def _await_url(service: Service, display: Display, process: str, url: str, detail: str) -> None:
    with display.hop(process, service.fleet.log(process), f"a 200 of {url}") as hop:
        probe = HttpProbe(url)
        try:
            service.fleet.await_ready(process, probe, _READY_SECONDS)
        except NotReadyError as error:
            raise HopError(f"{error.name} {error.what}; {url} said: {probe.seen}") from error
        hop.detail = detail
