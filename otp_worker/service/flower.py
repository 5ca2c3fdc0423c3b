"""Flower, locked down: loopback, basic auth, read-only, its own memory of tasks on disk."""

import os
from pathlib import Path

from otp_worker.service.settings import Settings

_DATABASE = "flower"


def keep_private(state_dir: Path) -> None:
    """Let nobody else read Flower's memory of tasks, nor any other file that this process makes."""
    os.umask(0o077)
    state_dir.mkdir(parents=True, exist_ok=True)
    for kept in state_dir.glob(f"{_DATABASE}*"):
        kept.chmod(0o600)


def flower_arguments(settings: Settings) -> list[str]:
    """The arguments that Flower is started with; raises nothing, for the settings are checked already."""
    auth = settings.flower_auth.get_secret_value() if settings.flower_auth else ""
    return [
        "flower",
        "--address=127.0.0.1",
        f"--port={settings.flower_port}",
        f"--basic-auth={auth}",
        "--read-only=True",
        "--persistent=True",
        f"--db={settings.state_dir / _DATABASE}",
        "--state-save-interval=10000",
        "--max-tasks=20000",
        "--purge-offline-workers=60",
    ]
