"""Starts that must not succeed say why; starts that must, do so without what is away."""

import subprocess
from pathlib import Path

import pytest

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.ports import free_ports
from otp_worker.devtools.processes.stack import CONSOLE_AUTH, FLOWER_AUTH, ROOT, SECRET_KEY
from otp_worker.service.processes.procfile import procfile_commands
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade

LINES = procfile_commands(ROOT / "Procfile")


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """A whole environment whose database is current and whose broker is away."""
    web, flower, console, broker = free_ports(None, None, None, None)
    url = f"sqlite:///{tmp_path}/otp.db"
    database = Database(url)
    upgrade(database)
    database.close()
    return {
        "PORT": str(web),
        "FLOWER_PORT": str(flower),
        "CONSOLE_PORT": str(console),
        "OTP_DATABASE_URL": url,
        "OTP_BROKER_URL": f"redis://127.0.0.1:{broker}/0",
        "OTP_SECRET_KEY": SECRET_KEY,
        "OTP_COUNTRIES": "GB",
        "OTP_GATEWAY_URL": "http://127.0.0.1:9/v1",
        "OTP_GATEWAY_KEY": "sk_live_x",
        "OTP_PUBLIC_URL": "",
        "OTP_FLOWER_AUTH": FLOWER_AUTH,
        "OTP_CONSOLE_AUTH": CONSOLE_AUTH,
        "OTP_STATE_DIR": str(tmp_path),
    }


def run(line: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one line of the Procfile until it gives up."""
    return subprocess.run(
        ["/bin/sh", "-c", LINES[line]],
        env=child_environment(settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "variable"),
    [
        ("web", "OTP_DATABASE_URL"),
        ("web", "OTP_SECRET_KEY"),
        ("web", "OTP_COUNTRIES"),
        ("web", "OTP_PUBLIC_URL"),
        ("worker", "OTP_GATEWAY_URL"),
        ("worker", "OTP_GATEWAY_KEY"),
        ("upkeep", "OTP_DATABASE_URL"),
        ("beat", "OTP_BROKER_URL"),
        ("flower", "OTP_FLOWER_AUTH"),
        ("console", "OTP_CONSOLE_AUTH"),
        ("console", "OTP_SECRET_KEY"),
    ],
)
def test_a_missing_variable_stops_the_start_and_is_named(
    settings: dict[str, str], line: str, variable: str
) -> None:
    del settings[variable]
    ended = run(line, settings)
    assert ended.returncode != 0
    assert f"{variable}: is not set" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr + ended.stdout


@pytest.mark.parametrize("line", ["web", "worker", "upkeep", "console"])
def test_a_schema_that_is_not_current_stops_the_start_and_the_command_is_named(
    settings: dict[str, str], tmp_path: Path, line: str
) -> None:
    settings["OTP_DATABASE_URL"] = f"sqlite:///{tmp_path}/empty.db"
    ended = run(line, settings)
    assert ended.returncode != 0
    assert "otp-worker migrate" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr + ended.stdout


@pytest.mark.parametrize("line", ["web", "worker"])
def test_a_database_that_is_away_stops_the_start_and_its_variable_is_named(
    settings: dict[str, str], line: str
) -> None:
    port = free_ports(None)[0]
    settings["OTP_DATABASE_URL"] = f"postgresql://otp:the-password@127.0.0.1:{port}/otp"
    ended = run(line, settings)
    assert ended.returncode != 0
    assert "OTP_DATABASE_URL: the database does not answer" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr + ended.stdout
    assert "the-password" not in ended.stderr + ended.stdout


def test_flower_does_not_start_with_a_weak_password(settings: dict[str, str]) -> None:
    settings["OTP_FLOWER_AUTH"] = "operator:short"
    ended = run("flower", settings)
    assert ended.returncode != 0
    assert "OTP_FLOWER_AUTH" in ended.stderr
    assert "short" not in ended.stderr.replace("at least 8 characters", "")
