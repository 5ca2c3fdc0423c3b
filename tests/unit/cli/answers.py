"""What `init` is told, and the file that it makes of that."""

import os
import subprocess
from pathlib import Path

GIVEN = {
    "OTP_BROKER_URL": "redis://127.0.0.1:6379/0",
    "OTP_COUNTRIES": "GB,IE",
    "OTP_PUBLIC_URL": "https://otp.example.com",
    "OTP_GATEWAY_URL": "https://gateway.example/v1",
    "OTP_GATEWAY_KEY": "sk_live_key of 'mine' $HOME",
    "OTP_GATEWAY_WEBHOOK_SECRET": "whsec_secret",
}


def sourced(file: Path) -> dict[str, str]:
    """The variables that a shell has after it read the file."""
    shown = subprocess.run(
        ["bash", "-euc", f"set -a; . '{file}'; env -0"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    pairs = (line.partition("=") for line in shown.split("\0"))
    return {name: value for name, _, value in pairs if name.startswith("OTP_")}
