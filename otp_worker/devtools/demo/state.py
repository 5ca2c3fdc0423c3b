"""What a demo keeps from one start to the next, in one folder."""

import json
import secrets
import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

API_KEY = "DEMO_API_KEY"
_HEADER = """\
# Made by `python3 -m otp_worker demo`, which keeps its secrets here and gives them to its processes.
# An OTP_ variable added here goes to them too, and wins over the demo's own choice.
"""
_ENV_HEADER = """\
# Written by each start of `python3 -m otp_worker demo`: what its processes run with, for your shell.
# What you add to the file `settings` beside it is taken over here.
"""
_GENERATED: dict[str, Callable[[], str]] = {
    "OTP_SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "OTP_FLOWER_AUTH": lambda: f"operator:{secrets.token_urlsafe(18)}",
    "OTP_CONSOLE_AUTH": lambda: f"operator:{secrets.token_urlsafe(18)}",
    "OTP_GATEWAY_KEY": lambda: f"sk_live_{secrets.token_hex(20)}",
    "OTP_GATEWAY_WEBHOOK_SECRET": lambda: f"whsec_{secrets.token_urlsafe(32)}",
}


class State:
    """The demo's folder and what is where in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.lock = self.folder / "lock"
        self.settings_file = self.folder / "settings"
        self.env_file = self.folder / "env"
        self.database = self.folder / "otp.db"
        self.broker = self.folder / "broker"
        self.welcome_file = self.folder / "welcome.json"
        self._ticket_file = self.folder / "welcome.ticket"

    def begin(self, *, fresh: bool) -> None:
        """Remove the logs of the last start; with ``fresh``, everything but the lock, which is held."""
        # Secrets, codes' hashes and, for a while, numbers: nothing for the machine's other users.
        self.folder.chmod(0o700)
        for path in self.folder.iterdir():
            if path.name == "logs" or (fresh and path != self.lock):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if self.env_file.exists() and not self.settings_file.exists():
            # Up to version 0.2.0 `env` was what `settings` is now.
            self.env_file.rename(self.settings_file)

    def kept(self) -> dict[str, str]:
        """The variables in the settings file, the generated secrets among them."""
        kept = self._read()
        missing = {name: generate() for name, generate in _GENERATED.items() if name not in kept}
        if missing:
            self._write(kept | missing)
        return kept | missing

    def keep(self, name: str, value: str) -> None:
        """Add a variable to the settings file, or replace it."""
        self._write(self._read() | {name: value})

    def write_env(self, variables: Mapping[str, str]) -> None:
        """Write the file that a shell reads to be an operator and an app of the running demo."""
        lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))
        _write_secret(self.env_file, _ENV_HEADER + lines)

    def write_welcome(self, tour: Mapping[str, str]) -> str:
        """Write what the console's page of the first steps needs; the ticket that signs in to it, once."""
        ticket = secrets.token_urlsafe(24)
        _write_secret(self.welcome_file, json.dumps(tour))
        _write_secret(self._ticket_file, ticket)
        return ticket

    def _read(self) -> dict[str, str]:
        if not self.settings_file.exists():
            return {}
        lines = (line.strip() for line in self.settings_file.read_text().splitlines())
        pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
        return {name.strip(): value.strip() for name, _, value in pairs}

    def _write(self, variables: dict[str, str]) -> None:
        lines = "".join(f"{name}={value}\n" for name, value in variables.items())
        _write_secret(self.settings_file, _HEADER + lines)


def _write_secret(file: Path, text: str) -> None:
    """Replace a file by one that only its owner can read."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(file)
