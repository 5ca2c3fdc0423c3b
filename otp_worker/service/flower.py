"""Flower, locked down: loopback, basic auth, read-only, its own memory of tasks on disk."""

import os
from pathlib import Path

from otp_worker.service.settings import Settings

_DATABASE = "flower"
KEPT_TASKS = 20_000
"""Deliveries that Flower keeps: 95 MB, and 45 MB more for 0.6 s of one core each time it saves them."""
SAVE_EVERY_SECONDS = 20


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
        f"--address={settings.flower_host}",
        f"--port={settings.flower_port}",
        f"--basic-auth={auth}",
        "--read-only=True",
        "--persistent=True",
        f"--db={settings.state_dir / _DATABASE}",
        f"--state-save-interval={SAVE_EVERY_SECONDS * 1000}",
        f"--max-tasks={KEPT_TASKS}",
        "--purge-offline-workers=60",
    ]
