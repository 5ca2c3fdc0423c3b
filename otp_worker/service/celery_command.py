"""``python -m otp_worker.service.celery_command --app MODULE``: Celery's ``worker`` and ``beat`` alone.

The ``celery`` command also imports its other commands, and Flower with its web server: 20 MB and 0.3 s of
CPU in each process. What the two commands take and do is Celery's own.
"""

import sys

import click
from celery.app.utils import find_app
from celery.bin.base import CLIContext
from celery.bin.beat import beat
from celery.bin.worker import worker


@click.group()
@click.option("--app", required=True, help="The module of the application.")
@click.pass_context
def command(context: click.Context, app: str) -> None:
    """Run one of Celery's commands on an application."""
    context.obj = CLIContext(app=find_app(app), no_color=False, workdir=None)


command.add_command(worker)
command.add_command(beat)

if __name__ == "__main__":
    # structlog takes rich for tracebacks in colour where it is installed: 4 MB in each process. What is None
    # here cannot be imported, as Python documents it.
    sys.modules["rich"] = None  # type: ignore[assignment]
    command(auto_envvar_prefix="CELERY")
