"""Flower, locked down: loopback, basic auth, read-only, its own memory of tasks on disk."""

from otp_worker.service.settings import Settings


def flower_arguments(settings: Settings) -> list[str]:
    """The arguments that Flower is started with; raises nothing, for the settings are checked already."""
    auth = settings.flower_auth.get_secret_value() if settings.flower_auth else ""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    return [
        "flower",
        "--address=127.0.0.1",
        f"--port={settings.flower_port}",
        f"--basic-auth={auth}",
        "--read-only=True",
        "--persistent=True",
        f"--db={settings.state_dir / 'flower'}",
        "--state-save-interval=10000",
        "--max-tasks=20000",
        "--purge-offline-workers=60",
    ]
