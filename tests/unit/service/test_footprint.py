"""What each process imports: every megabyte is paid once a process, and there are nine of them."""

import subprocess
import sys

import pytest

_HTTP_AND_POSTGRES = ["requests", "psycopg", "jwt", "smtplib"]
_WORKERS = ["otp_worker.service.worker_wiring", "otp_worker.deliver.deliverer", "otp_worker.expire"]


def _imported(program: str) -> set[str]:
    """The modules that a fresh Python has after a program; one that may not be imported is none."""
    ask = f"import sys\n{program}\nprint(*(name for name, each in sys.modules.items() if each))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.usefixtures("environment")
def test_the_console_does_without_what_only_workers_and_postgres_need() -> None:
    program = (
        "import api.start, api.console.app; from otp_worker.service.roles import load_settings;"
        "load_settings('console')"
    )
    assert not _imported(program) & {*_HTTP_AND_POSTGRES, *_WORKERS}


@pytest.mark.parametrize(
    ("command", "arguments"), [("granian_command", ["--version"]), ("celery_command", ["--help"])]
)
def test_a_server_process_has_no_colours_for_tracebacks(command: str, arguments: list[str]) -> None:
    program = (
        f"import contextlib, io, runpy; sys.argv[1:] = {arguments!r}\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        f"    runpy.run_module('otp_worker.service.{command}', run_name='__main__')\n"
        "import structlog"
    )
    found = _imported(program)
    assert "structlog" in found
    assert "rich" not in found
