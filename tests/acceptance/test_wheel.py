"""The distribution as others install it: a wheel, in an environment of its own, outside of any checkout."""

import os
import re
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest
import requests

from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.devtools.processes.stack import (
    CONSOLE_AUTH,
    FLOWER_AUTH,
    GATEWAY_KEY,
    ROOT,
    SECRET_KEY,
    Stack,
    answers,
)
from otp_worker.devtools.simulator import Simulator
from tests.acceptance.documents import blocks
from tests.acceptance.shop import code_in, eventually, fresh_number
from tests.acceptance.test_testing import write_example

NUMBER, WRITTEN = "+447400123456", "+447400123457"
INSTALL_SECONDS = 600
# What an app has anyway that calls anything by HTTP and reads it with care, and what these two need.
AN_APP_BRINGS = {"httpx", "httpcore", "h11", "anyio", "idna", "certifi"} | {
    *("pydantic", "pydantic-core", "annotated-types", "typing-extensions", "typing-inspection")
}


class Environment:
    """A fresh virtual environment, and programs that run in it from a folder that is no checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        venv.create(folder / "venv", with_pip=False)
        self.bin = folder / "venv" / "bin"

    def pip(self, *arguments: str | Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "--python", self.bin / "python", "install", "--quiet", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def run(
        self, program: str, *arguments: str | Path, settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.folder,
            env={"PATH": os.defpath, "HOME": str(self.folder), **(settings or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def started(self, program: str, *arguments: str, settings: Mapping[str, str]) -> "subprocess.Popen[str]":
        """The program, running, with a person at its standard input."""
        return subprocess.Popen(
            [self.bin / program, *arguments],
            cwd=self.folder,
            env={"PATH": os.defpath, "HOME": str(self.folder), **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def packages(self) -> set[str]:
        """The distributions that are installed, by their normal names."""
        ask = "import importlib.metadata as m; print(*{each.metadata['Name'] for each in m.distributions()})"
        return {name.lower().replace("_", "-") for name in self.run("python", "-c", ask).stdout.split()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as a release is."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_it_has_one_package_that_carries_all_the_service_needs(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"otp_worker"}
    assert {
        "otp_worker/Procfile",
        "otp_worker/api/wsgi.py",
        "otp_worker/api/static/swagger-ui-bundle.js",
        "otp_worker/api/console/wsgi.py",
        "otp_worker/api/console/templates/login.html",
        "otp_worker/store/migrations/env.py",
        "otp_worker/py.typed",
    } <= names


@pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
def test_an_app_gets_a_client_and_no_server_of_ours(wheel: Path, tmp_path: Path, stack: Stack) -> None:
    app = Environment(tmp_path / "app")
    app.pip(wheel)
    assert app.packages - AN_APP_BRINGS == {"otp-worker"}

    told = app.run("otp-worker", "migrate")
    assert told.returncode == 1
    assert re.fullmatch(r"otp-worker: \S+ is not installed: install otp-worker\[server\]\n", told.stderr)

    [code_of_the_app] = blocks("README.md", "python")
    number = fresh_number()
    assert WRITTEN in code_of_the_app
    settings = {"OTP_URL": stack.url, "OTP_KEY": stack.api_key, "NO_PROXY": LOOPBACK}
    with app.started(
        "python", "-c", code_of_the_app.replace(WRITTEN, number), settings=settings
    ) as signing_in:
        sms = stack.phone.messages.wait_for(lambda message: message.to == number, within_seconds=30)
        printed, complaint = signing_in.communicate(f"{code_in(sms)}\n", timeout=30)
    assert printed.endswith(" True\n"), printed + complaint


@pytest.mark.nightly
def test_with_the_server_it_sends_a_code_from_an_empty_folder(
    wheel: Path, tmp_path: Path, redis_server: EmbeddedBroker
) -> None:
    host = Environment(tmp_path / "host")
    host.pip("--require-hashes", "--requirement", ROOT / "deploy" / "requirements.lock")
    host.pip(f"otp-worker[server] @ {wheel.as_uri()}")
    with Simulator(key=GATEWAY_KEY) as phone:
        settings = _settings(host.folder, redis_server, phone)
        assert host.run("otp-worker", "migrate", settings=settings).returncode == 0
        key = host.run("otp-worker", "keys", "create", "--name", "shop", settings=settings).stdout.strip()
        with _started(host, settings):
            url = f"http://{LOOPBACK}:{settings['PORT']}"
            eventually(lambda: answers(f"{url}/readyz"), seconds=60)
            eventually(lambda: answers(f"http://{LOOPBACK}:{settings['CONSOLE_PORT']}/healthz"), seconds=60)
            _verify(url, key, phone)


@pytest.mark.nightly
def test_an_apps_own_suite_rehearses_with_what_a_wheel_brings(wheel: Path, tmp_path: Path) -> None:
    suite = Environment(tmp_path / "suite")
    suite.pip("--require-hashes", "--requirement", ROOT / "deploy" / "requirements-demo.lock")
    suite.pip(f"otp-worker[demo] @ {wheel.as_uri()}", "pytest")
    write_example(suite.folder)
    done = suite.run("python", "-m", "pytest", "-q", "test_sign_in.py")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def _settings(folder: Path, broker: EmbeddedBroker, phone: Simulator) -> dict[str, str]:
    web, flower, console = free_ports(None, None, None)
    return {
        "PORT": str(web),
        "FLOWER_PORT": str(flower),
        "CONSOLE_PORT": str(console),
        "OTP_DATABASE_URL": f"sqlite:///{folder}/otp.db",
        "OTP_BROKER_URL": broker.url,
        "OTP_SECRET_KEY": f"{SECRET_KEY} from a wheel",
        "OTP_COUNTRIES": "GB",
        "OTP_PUBLIC_URL": "",
        "OTP_GATEWAY_URL": phone.url,
        "OTP_GATEWAY_KEY": GATEWAY_KEY,
        "OTP_CONSOLE_AUTH": CONSOLE_AUTH,
        "OTP_FLOWER_AUTH": FLOWER_AUTH,
    }


@contextmanager
def _started(host: Environment, settings: Mapping[str, str]) -> Iterator[None]:
    """The whole service, as `otp-worker start` runs it where no Procfile is."""
    with (host.folder / "log").open("wb") as log:
        service = subprocess.Popen(
            [host.bin / "otp-worker", "start"],
            cwd=host.folder,
            env={"PATH": os.defpath, "HOME": str(host.folder), **settings},
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0


def _verify(url: str, key: str, phone: Simulator) -> None:
    with requests.Session() as app:
        app.trust_env = False
        app.headers["Authorization"] = f"Bearer {key}"
        sent = app.post(f"{url}/v1/verifications", json={"to": NUMBER}, timeout=20).json()
        sms = phone.messages.wait_for(lambda message: message.to == NUMBER, within_seconds=30)
        check = {"code": code_in(sms)}
        checked = app.post(f"{url}/v1/verifications/{sent['id']}/check", json=check, timeout=20).json()
    assert checked["valid"]
