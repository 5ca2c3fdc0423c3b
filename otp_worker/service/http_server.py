"""The two HTTP servers of the service, ``web`` and ``console``: what they run, and with which options."""

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import otp_worker
from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.database import open_database
from otp_worker.service.redis_cluster import refuse_cluster
from otp_worker.service.roles import Role, load_settings
from otp_worker.store.schema_state import await_current

_FOLDER = Path(otp_worker.__file__).resolve().parents[1]
_GRANIAN = _FOLDER / "otp_worker" / "service" / "granian_command.py"
_PACKAGES = ("otp_worker.api", "api")
"""Where the applications are: the first in an installation, the second in a checkout."""


@dataclass(frozen=True)
class HttpServer:
    """A server: its application's file in the package ``api``, and how many processes and threads serve it.

    A file and no module: Granian looks for a module in the folder that it is started in first, and in a
    checkout there is another `otp_worker`, without `api`.
    """

    role: Role
    application: str
    processes: int
    threads: int

    def command(self, host: str, port: int | str, application: str | None = None) -> list[str]:
        """The server's program and arguments; ``application`` serves another one with the same options.

        Raises ConfigurationError where the package is not installed.
        """
        options = {
            "--interface": "wsgi",
            "--host": host,
            "--port": str(port),
            # Its processes take the applications from where our own code is, whatever folder they start in.
            "--working-dir": str(_FOLDER),
            "--workers": str(self.processes),
            "--blocking-threads": str(self.threads),
            "--workers-kill-timeout": "10",
            "--respawn-interval": "10",
            "--http1-header-read-timeout": "10000",
        }
        words = [word for option in options.items() for word in option]
        flags = ["--respawn-failed-workers", "--no-access-log"]
        target = application or f"{api_folder() / self.application}:app"
        return [sys.executable, "-P", str(_GRANIAN), *words, *flags, target]

    def check(self) -> None:
        """Refuse a start that cannot succeed: the server would start a child that dies of it again and again.

        Raises ConfigurationError, SchemaNotCurrentError and DatabaseUnavailableError.
        """
        settings = load_settings(self.role)
        refuse_cluster(settings)
        db = open_database(settings)
        try:
            await_current(db)
        finally:
            db.close()


WEB = HttpServer("web", "wsgi.py", processes=2, threads=16)
CONSOLE = HttpServer("console", "console/wsgi.py", processes=1, threads=4)


def api_folder() -> Path:
    """The package of the HTTP applications, which nothing here imports.

    Raises ConfigurationError.
    """
    for name in _PACKAGES:
        found = find_spec(name)
        # An `api` of somebody else is none of ours.
        if found and found.origin and Path(found.origin).resolve().is_relative_to(_FOLDER):
            return Path(found.origin).resolve().parent
    raise ConfigurationError(f"the package `api` is not beside {_FOLDER / 'otp_worker'}")
