"""``otp-worker flower``: the console of the tasks."""

from otp_worker.service.flower import flower_arguments, keep_private
from otp_worker.service.listening import Listening
from otp_worker.service.roles import load_settings


def flower() -> None:
    """Run Flower: basic auth, read-only, and on loopback if nothing else is said."""
    settings = load_settings("flower")
    Listening(settings.flower_host, settings.flower_port, "FLOWER_PORT").hold()
    keep_private(settings.state_dir)
    # Only this command needs Celery, and Flower.
    from flower.command import flower as watch

    from otp_worker.service.celery_command import command

    command.add_command(watch)
    command(["--app", "otp_worker.service.application", *flower_arguments(settings)])
