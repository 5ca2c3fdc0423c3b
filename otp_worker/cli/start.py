"""``otp-worker start``: the whole service, or the processes named."""

import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from otp_worker.domain.errors import ConfigurationError, DatabaseUnavailableError
from otp_worker.service.database import open_database
from otp_worker.service.listening import listening
from otp_worker.service.logs import configure_logs
from otp_worker.service.processes.environment import service_environment
from otp_worker.service.processes.procfile import OWN_PROCFILE, procfile_commands
from otp_worker.service.processes.runner import Runner
from otp_worker.service.redis_cluster import refuse_cluster
from otp_worker.service.roles import Role, load_settings
from otp_worker.service.settings import Settings
from otp_worker.store.schema_state import check_current

PROCFILE = Path("Procfile")

_ROLES: dict[str, Role] = {
    "web": "web",
    "worker": "worker",
    "upkeep": "worker",
    "beat": "beat",
    "flower": "flower",
    "console": "console",
}

Names = Annotated[list[str] | None, typer.Argument(metavar="[PROCESS]...", help="Some of them; else all.")]
Procfile = Annotated[
    Path | None,
    typer.Option("--procfile", help="What to run; else the Procfile here, or this version's."),
]


def start(processes: Names = None, procfile: Procfile = None) -> None:
    """Run the service: web, worker, upkeep, beat, flower and console, or those named.

    What dies is started again. A name may have an ending, such as worker-2, for one more of the same. Ctrl-C
    or SIGTERM stops all in order, SIGHUP replaces web's children one by one.
    """
    commands = _commands(_procfile(procfile), processes or [])
    settings = _checked(commands)
    configure_logs(settings.log_format)
    environment = service_environment()
    runner = Runner(
        commands,
        settings.state_dir.absolute() / "start",
        cwd=(procfile or PROCFILE).absolute().parent,
        env=environment,
    )
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    signal.signal(signal.SIGHUP, lambda *_: runner.reload())
    runner.run(stopping, lambda: _check_ports(commands, environment))


def _procfile(given: Path | None) -> Path:
    if given is None:
        return PROCFILE if PROCFILE.is_file() else OWN_PROCFILE
    if not given.is_file():
        raise ConfigurationError(f"there is no {given}")
    return given


def _commands(procfile: Path, names: list[str]) -> dict[str, str]:
    """The commands of these names, or of all of the Procfile's lines."""
    lines = procfile_commands(procfile)
    unknown = [name for name in names if _line(name) not in lines]
    if unknown:
        raise ConfigurationError(f"there is no process {', '.join(unknown)}; there are {', '.join(lines)}")
    return {name: lines[_line(name)] for name in names or lines}


def _line(name: str) -> str:
    return name.partition("-")[0]


def _checked(names: dict[str, str]) -> Settings:
    """The settings, if all of these processes can start with them.

    Raises ConfigurationError and SchemaNotCurrentError: what would die at once is not started.
    """
    roles = {_ROLES[_line(name)] for name in names if _line(name) in _ROLES}
    problems: dict[str, None] = {}
    for role in sorted(roles):
        try:
            load_settings(role)
        except ConfigurationError as error:
            problems.update(dict.fromkeys(str(error).splitlines()))
    if problems:
        raise ConfigurationError("\n".join(problems))
    settings = load_settings("beat")
    refuse_cluster(settings)
    if roles & {"web", "worker", "console"}:
        _check_schema(settings)
    return settings


def _check_ports(commands: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Raise ConfigurationError for a port that is taken; where a command of others listens, nobody knows."""
    own = procfile_commands(OWN_PROCFILE)
    for name, command in commands.items():
        place = listening(name, environment) if own.get(name) == command else None
        if place:
            place.check()


def _check_schema(settings: Settings) -> None:
    db = open_database(settings)
    try:
        check_current(db)
    except DatabaseUnavailableError as error:
        # It may be back soon; what needs it is tried until then.
        typer.echo(f"otp-worker: {error}", err=True)
    finally:
        db.close()
