"""The simulated phones of a demo."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK
from otp_worker.domain.keyring import Keyring
from otp_worker.inbound.callbacks import inbound_url

PHONE = "phone"
_KIND = "mobile_api_connect"
_COMMAND = (
    'exec otp-worker simulator --port "$SIMULATOR_PORT" --key "$OTP_GATEWAY_KEY"'
    ' --webhook-secret "$OTP_GATEWAY_WEBHOOK_SECRET" --webhook-url "$SIMULATOR_WEBHOOK_URL"'
)


@dataclass(frozen=True)
class Phones:
    """One phone for each port; a single one is told to the service by variables, several by a file."""

    ports: tuple[int, ...]
    file: Path

    @property
    def names(self) -> list[str]:
        """Their processes."""
        return [PHONE if number == 1 else f"{PHONE}-{number}" for number in range(1, len(self.ports) + 1)]

    @property
    def urls(self) -> list[str]:
        """Where each can be looked at and its knobs turned."""
        return [f"http://{LOOPBACK}:{port}" for port in self.ports]

    def settings(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The service's variables for them; ``secrets`` has the key and the webhooks' secret."""
        if len(self.ports) == 1:
            return {"OTP_GATEWAY_KIND": _KIND, "OTP_GATEWAY_URL": f"{self.urls[0]}/v1"}
        self._write_file(secrets)
        return {"OTP_GATEWAYS_FILE": str(self.file)}

    def start(self, fleet: Fleet, settings: Mapping[str, str]) -> None:
        """Start them all with the service's settings and what they are to know; none is awaited."""
        keyring = Keyring(settings["OTP_SECRET_KEY"].split(","))
        for name, port in zip(self.names, self.ports, strict=True):
            gateway = name if len(self.ports) > 1 else _KIND
            replies = inbound_url(settings["OTP_PUBLIC_URL"], keyring, gateway)
            told = {"SIMULATOR_PORT": str(port), "SIMULATOR_WEBHOOK_URL": replies}
            fleet.start(name, _COMMAND, {**settings, **told})

    def _write_file(self, secrets: Mapping[str, str]) -> None:
        lines = []
        for name, url in zip(self.names, self.urls, strict=True):
            fields = {
                "kind": _KIND,
                "url": f"{url}/v1",
                "key": secrets["OTP_GATEWAY_KEY"],
                "webhook_secret": secrets["OTP_GATEWAY_WEBHOOK_SECRET"],
            }
            # A text in JSON is one in TOML.
            lines += [
                f"[gateways.{name}]",
                *(f"{field} = {json.dumps(text)}" for field, text in fields.items()),
            ]
        self.file.touch(mode=0o600)
        self.file.write_text("\n".join(lines) + "\n")
