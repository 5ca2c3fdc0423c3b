"""Starting a demo's service, part by part, until each is ready."""

from dataclasses import dataclass

from otp_worker.devtools.demo.display import Display
from otp_worker.devtools.demo.errors import HopError
from otp_worker.devtools.demo.readiness import HttpProbe, WorkersProbe
from otp_worker.devtools.demo.service import PHONE, Service
from otp_worker.devtools.demo.state import API_KEY, State
from otp_worker.devtools.processes.broker import NAME as BROKER
from otp_worker.devtools.processes.errors import NotReadyError

_READY_SECONDS = 60


@dataclass(frozen=True)
class Started:
    """What opens a running demo: an app's key, and the link that signs in to the page of the first steps."""

    api_key: str
    welcome_url: str


def start(service: Service, state: State, display: Display) -> Started:
    """Start everything and wait until it can work. Raises DemoFailedError."""
    fleet = service.fleet
    with display.hop("broker", fleet.log(BROKER)) as hop:
        service.broker.start()
        hop.detail = f"{service.broker.version}, port {service.broker.port}"
    api_key = _prepare_database(service, state, display)
    service.start_phone(api_key)
    ticket = state.write_welcome(service.tour(api_key))
    service.start_procfile()
    _await_url(service, display, PHONE, f"{service.phone_url}/sim/health", "simulated, online")
    _await_url(service, display, "web", f"{service.url}/healthz", service.url)
    with display.hop("worker", fleet.log("worker")) as hop:
        probe = WorkersProbe(service.settings["OTP_BROKER_URL"], ["deliver", "upkeep"])
        fleet.await_ready("worker", probe, _READY_SECONDS)
        hop.detail = "deliver and upkeep answer"
    _await_url(service, display, "beat", f"{service.url}/readyz", "its sweeps run: the service is ready")
    _await_url(service, display, "flower", f"{service.flower_url}/healthcheck", service.flower_url)
    _await_url(service, display, "console", f"{service.console_url}/healthz", service.console_url)
    return Started(api_key, f"{service.console_url}/welcome?ticket={ticket}")


def _prepare_database(service: Service, state: State, display: Display) -> str:
    fleet = service.fleet
    with display.hop("database", fleet.log("migrate")) as hop:
        is_new = not state.database.exists()
        service.command("migrate")
        hop.detail = str(state.database)
    with display.hop("API key", fleet.log("keys")) as hop:
        kept = state.kept().get(API_KEY)
        hop.detail = "kept from an earlier start"
        if kept and not is_new:
            return kept
        api_key = service.command("keys", "create", "--name", "demo").strip()
        state.keep(API_KEY, api_key)
        hop.detail = "made"
        return api_key


def _await_url(service: Service, display: Display, process: str, url: str, detail: str) -> None:
    with display.hop(process, service.fleet.log(process)) as hop:
        probe = HttpProbe(url)
        try:
            service.fleet.await_ready(process, probe, _READY_SECONDS)
        except NotReadyError as error:
            raise HopError(f"{error.name} {error.what}; {url} said: {probe.seen}") from error
        hop.detail = detail
