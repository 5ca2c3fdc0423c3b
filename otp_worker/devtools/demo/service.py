"""The service of a demo: the Procfile's processes, the servers they stand on, and simulated phones."""

from contextlib import ExitStack
from dataclasses import dataclass

from otp_worker.devtools.demo import servers
from otp_worker.devtools.demo.options import Options
from otp_worker.devtools.demo.phones import Phones
from otp_worker.devtools.demo.servers import Servers
from otp_worker.devtools.demo.state import API_KEY, State
from otp_worker.devtools.processes.addresses import Addresses
from otp_worker.devtools.processes.broker import NAME as BROKER
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, reserved_ports
from otp_worker.service.processes.procfile import OWN_PROCFILE, procfile_commands

GRACE_SECONDS = 2
SERVERS_GRACE_SECONDS = 1
LONGEST_STOP_SECONDS = GRACE_SECONDS + SERVERS_GRACE_SECONDS
"""How long ending takes at most: all processes together, then the servers. Nothing is lost by a kill."""
_SECRETS_OF_PHONES = ("OTP_GATEWAY_KEY", "OTP_GATEWAY_WEBHOOK_SECRET")


@dataclass(frozen=True)
class Service(Addresses):
    """A service that can be started part by part; ``settings`` is what its processes get."""

    fleet: Fleet
    servers: Servers
    phones: Phones
    settings: dict[str, str]
    phone_secrets: dict[str, str]

    @classmethod
    def planned(cls, fleet: Fleet, state: State, options: Options, parts: ExitStack) -> "Service":
        """Choose ports and settings; nothing runs yet. Raises NoBrokerError and NoPostgresError."""
        servers = Servers.planned(fleet, state, options, parts)
        web, flower, console, *phone_ports = reserved_ports(
            parts, 8000, 5555, 5556, *range(8025, 8025 + options.phones)
        )
        phones = Phones(tuple(phone_ports), state.folder / "gateways.toml")
        kept = {name: value for name, value in state.kept().items() if name != API_KEY}
        secrets = {name: kept[name] for name in _SECRETS_OF_PHONES}
        if options.phones > 1:
            # They stand in the file then, and nowhere else.
            kept = {name: value for name, value in kept.items() if name not in secrets}
        settings = {
            "PORT": str(web),
            "FLOWER_PORT": str(flower),
            "CONSOLE_PORT": str(console),
            "OTP_DATABASE_URL": servers.database_url,
            "OTP_BROKER_URL": servers.broker.url,
            "OTP_COUNTRIES": "GB,US,DE,FR,ES",
            "OTP_PUBLIC_URL": f"http://{LOOPBACK}:{web}",
            "OTP_CONSOLE_URL": f"http://{LOOPBACK}:{console}",
            "OTP_WELCOME_FILE": str(state.welcome_file),
            "OTP_STATE_DIR": str(state.folder),
            **phones.settings(secrets),
        }
        return cls(fleet, servers, phones, settings | kept, secrets)

    @property
    def phone_url(self) -> str:
        """Where the first simulated phone can be looked at and its knobs turned."""
        return self.phones.urls[0]

    def environment(self, api_key: str) -> dict[str, str]:
        """What a shell needs to be an operator and an app of this service."""
        settings = {name: value for name, value in self.settings.items() if name.startswith("OTP_")}
        return settings | {"OTP_URL": self.url, "OTP_PHONE_URL": self.phone_url, "OTP_KEY": api_key}

    def tour(self, api_key: str) -> dict[str, str]:
        """What the console's page of the first steps needs."""
        login = self.settings["OTP_CONSOLE_AUTH"].partition(":")[0]
        return {"api_url": self.url, "api_key": api_key, "phone_url": self.phone_url, "login": login}

    def start_phones(self, api_key: str) -> None:
        """Start the simulated phones, whose pages check codes with the demo's key; none is awaited."""
        # In the environment: anybody on the machine can read an argument list.
        told = {
            "SIMULATOR_APP_URL": self.url,
            "SIMULATOR_APP_KEY": api_key,
            "SIMULATOR_CONSOLE_URL": self.console_url,
        }
        self.phones.start(self.fleet, self.settings | self.phone_secrets | told)

    def start_procfile(self) -> None:
        """Start each of the Procfile's lines; none is awaited."""
        for name, command in procfile_commands(OWN_PROCFILE).items():
            self.fleet.start(name, command, self.settings)

    @property
    def names(self) -> list[str]:
        """The processes, in the order in which they are ended."""
        return [*procfile_commands(OWN_PROCFILE), *self.phones.names, *self._server_names]

    @property
    def _server_names(self) -> list[str]:
        return [name for name in servers.NAMES if name in self.fleet or name == BROKER]

    def stop(self) -> None:
        """End everything within LONGEST_STOP_SECONDS; the servers last, so that nothing waits in vain."""
        self.fleet.stop(*procfile_commands(OWN_PROCFILE), *self.phones.names, grace_seconds=GRACE_SECONDS)
        self.fleet.stop(*servers.NAMES, grace_seconds=SERVERS_GRACE_SECONDS)
