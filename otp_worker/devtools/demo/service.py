"""The service of a demo: the Procfile's processes, an embedded broker and a simulated phone."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from otp_worker.devtools.demo.errors import HopError
from otp_worker.devtools.demo.state import API_KEY, State
from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.domain.keyring import Keyring
from otp_worker.inbound.callbacks import inbound_url
from otp_worker.service.processes.procfile import OWN_PROCFILE, procfile_commands

PHONE = "phone"
GRACE_SECONDS = 2
BROKER_GRACE_SECONDS = 1
LONGEST_STOP_SECONDS = GRACE_SECONDS + BROKER_GRACE_SECONDS
"""How long ending takes at most: all processes together, then the broker. Nothing is lost by a kill."""
_COMMAND_SECONDS = 60
_PHONE_COMMAND = (
    'exec otp-worker simulator --port "$SIMULATOR_PORT" --key "$OTP_GATEWAY_KEY"'
    ' --webhook-secret "$OTP_GATEWAY_WEBHOOK_SECRET" --webhook-url "$SIMULATOR_WEBHOOK_URL"'
)


@dataclass(frozen=True)
class Service:
    """A service that can be started part by part; ``settings`` is what its processes get."""

    fleet: Fleet
    broker: EmbeddedBroker
    settings: dict[str, str]

    @classmethod
    def planned(cls, fleet: Fleet, state: State) -> "Service":
        """Choose ports and settings; nothing runs yet. Raises NoBrokerError."""
        broker = EmbeddedBroker(fleet, state.broker)
        web, flower, console, phone = free_ports(8000, 5555, 5556, 8025)
        kept = {name: value for name, value in state.kept().items() if name != API_KEY}
        settings = {
            "PORT": str(web),
            "FLOWER_PORT": str(flower),
            "CONSOLE_PORT": str(console),
            "SIMULATOR_PORT": str(phone),
            "OTP_DATABASE_URL": f"sqlite:///{state.database}",
            "OTP_BROKER_URL": broker.url,
            "OTP_COUNTRIES": "GB,US,DE,FR,ES",
            "OTP_GATEWAY_KIND": "mobile_api_connect",
            "OTP_GATEWAY_URL": f"http://{LOOPBACK}:{phone}/v1",
            "OTP_PUBLIC_URL": f"http://{LOOPBACK}:{web}",
            "OTP_CONSOLE_URL": f"http://{LOOPBACK}:{console}",
            "OTP_WELCOME_FILE": str(state.welcome_file),
            "OTP_STATE_DIR": str(state.folder),
        }
        return cls(fleet, broker, settings | kept)

    @property
    def url(self) -> str:
        """Where intake listens."""
        return f"http://{LOOPBACK}:{self.settings['PORT']}"

    @property
    def flower_url(self) -> str:
        """Where Flower listens."""
        return f"http://{LOOPBACK}:{self.settings['FLOWER_PORT']}"

    @property
    def console_url(self) -> str:
        """Where the console listens."""
        return f"http://{LOOPBACK}:{self.settings['CONSOLE_PORT']}"

    @property
    def phone_url(self) -> str:
        """Where the simulated phone can be looked at and its knobs turned."""
        return f"http://{LOOPBACK}:{self.settings['SIMULATOR_PORT']}"

    def environment(self, api_key: str) -> dict[str, str]:
        """What a shell needs to be an operator and an app of this service."""
        settings = {name: value for name, value in self.settings.items() if name.startswith("OTP_")}
        return settings | {"OTP_URL": self.url, "OTP_PHONE_URL": self.phone_url, "OTP_KEY": api_key}

    def tour(self, api_key: str) -> dict[str, str]:
        """What the console's page of the first steps needs."""
        login = self.settings["OTP_CONSOLE_AUTH"].partition(":")[0]
        return {"api_url": self.url, "api_key": api_key, "phone_url": self.phone_url, "login": login}

    def start_phone(self, api_key: str) -> None:
        """Start the simulated phone, whose page checks codes with the demo's key; it is not awaited."""
        keyring = Keyring(self.settings["OTP_SECRET_KEY"].split(","))
        replies = inbound_url(self.settings["OTP_PUBLIC_URL"], keyring, self.settings["OTP_GATEWAY_KIND"])
        # In the environment: anybody on the machine can read an argument list.
        told = {
            "SIMULATOR_WEBHOOK_URL": replies,
            "SIMULATOR_APP_URL": self.url,
            "SIMULATOR_APP_KEY": api_key,
            "SIMULATOR_CONSOLE_URL": self.console_url,
        }
        self.fleet.start(PHONE, _PHONE_COMMAND, self.settings | told)

    def start_procfile(self) -> None:
        """Start each of the Procfile's lines; none is awaited."""
        for name, command in procfile_commands(OWN_PROCFILE).items():
            self.fleet.start(name, command, self.settings)

    @property
    def names(self) -> list[str]:
        """The processes, in the order in which they are ended."""
        return [*procfile_commands(OWN_PROCFILE), PHONE, "broker"]

    def stop(self) -> None:
        """End everything; the broker last, so that nothing waits for it in vain."""
        self.fleet.stop(*procfile_commands(OWN_PROCFILE), PHONE, grace_seconds=GRACE_SECONDS)
        self.broker.stop(BROKER_GRACE_SECONDS)

    def command(self, *arguments: str) -> str:
        """Run an `otp-worker` command to its end and return what it printed. Raises HopError."""
        with self.fleet.log(arguments[0]).open("ab") as log:
            done = subprocess.run(
                [Path(sys.executable).with_name("otp-worker"), *arguments],
                cwd=Path.cwd(),
                env=child_environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                timeout=_COMMAND_SECONDS,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise HopError(f"`otp-worker {' '.join(arguments)}` ended with exit status {done.returncode}")
        return done.stdout
