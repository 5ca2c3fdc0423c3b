"""README's production start, word for word: in a fresh clone, as a user without rights."""

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.devtools.processes.stack import GATEWAY_KEY, ROOT, SECRET_KEY, WEBHOOK_SECRET
from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.keyring import Keyring
from otp_worker.inbound.callbacks import inbound_url
from tests.acceptance.shop import code_in, eventually

NUMBER = "+447400123456"
UNPRIVILEGED = "nobody"
# What anybody has on a bare machine: not this Python's commands, which the README must find by itself.
PATH = "/usr/local/bin:/usr/bin:/bin"
INSTALL_SECONDS = 600


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a clone of their own who types what the README says."""

    clone: Path

    def shell(self, lines: str, settings: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Run lines in one shell; what they start goes on in their session after they end."""
        out, err = self.clone.parent / "out", self.clone.parent / "err"
        # Files and no pipes: what goes on in the background would keep a pipe open.
        with out.open("w") as stdout, err.open("w") as stderr:
            ended = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", lines],
                cwd=self.clone,
                env={"PATH": PATH, "HOME": str(self.clone.parent), **_pip_settings(), **settings},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=INSTALL_SECONDS,
                check=False,
                user=UNPRIVILEGED if os.geteuid() == 0 else None,
            )
        return subprocess.CompletedProcess(ended.args, ended.returncode, out.read_text(), err.read_text())


def _pip_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_")}


def _blocks() -> list[list[str]]:
    """The commands of the section's shell blocks, without the prompt."""
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## Run it for real")[2].partition("\n### ")[0]
    found = re.findall(r"```(?:console|sh)\n(.*?)```", section, re.DOTALL)
    return [[line.removeprefix("$ ") for line in block.splitlines()] for block in found]


INSTALL, CONFIGURE, START, CALL = _blocks()


def test_five_commands_lead_from_nothing_to_a_running_service() -> None:
    assert "otp-worker --env otp.env start" in [*INSTALL, *CONFIGURE, *START][4]


@pytest.fixture(scope="module")
def newcomer() -> Iterator[Newcomer]:
    """A fresh clone with its installation, made as the README says."""
    for program in ("curl", "git", "bash"):
        if shutil.which(program, path=PATH) is None:
            pytest.skip(f"{program} is not installed: apt-get install {program}")
    # Every test session shuts other users out of pytest's folders.
    with TemporaryDirectory(prefix="otp-readme-") as name:
        home = Path(name)
        clone = home / "otp-worker"
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, clone], check=True)
        if os.geteuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED)
            for path in (home, *home.rglob("*")):
                os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
        person = Newcomer(clone)
        needed = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
        if person.shell(f"python3 -c '{needed}'", {}).returncode != 0:
            pytest.skip("no Python 3.11 with venv for everybody: apt-get install python3-venv")
        installed = person.shell("\n".join(INSTALL), {})
        assert installed.returncode == 0, installed.stdout[-3000:] + installed.stderr[-3000:]
        yield person


def _answers(phone: Simulator, public_url: str, secret: str) -> dict[str, str]:
    """What `init` would ask for at a terminal; the secret is given for the replies' URL."""
    return {
        "OTP_COUNTRIES": "GB,IE",
        "OTP_PUBLIC_URL": public_url,
        "OTP_GATEWAY_URL": phone.url,
        "OTP_GATEWAY_KEY": GATEWAY_KEY,
        "OTP_GATEWAY_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "OTP_SECRET_KEY": secret,
    }


@pytest.mark.parametrize("database", ["sqlite", "postgres"], ids="over {}".format)
def test_the_production_start_works_as_written(
    request: pytest.FixtureRequest, newcomer: Newcomer, redis_server: EmbeddedBroker, database: str
) -> None:
    web, flower, console = free_ports(None, None, None)
    public_url = f"http://{LOOPBACK}:{web}"
    # Of its own: both services count their limits in one Redis.
    secret = f"{SECRET_KEY} for {database}"
    inbound = inbound_url(public_url, Keyring([secret]), "mobile_api_connect")
    with Simulator(key=GATEWAY_KEY, webhook_secret=WEBHOOK_SECRET, webhook_url=inbound) as phone:
        (newcomer.clone / "otp.env").unlink(missing_ok=True)
        values = {"https://otp.example.com": public_url}
        ports = {
            "PORT": str(web),
            "FLOWER_PORT": str(flower),
            "CONSOLE_PORT": str(console),
            "OTP_STATE_DIR": f"state-{database}",
        }
        lines = "\n".join([*CONFIGURE, *START, 'echo "key $OTP_KEY" "$!"', CALL[0]])
        settings = _answers(phone, public_url, secret) | {
            "OTP_DATABASE_URL": _database_url(request, newcomer, database),
            "OTP_BROKER_URL": redis_server.url,
        }
        started = newcomer.shell(_with(values, lines), settings | ports)
        try:
            assert started.returncode == 0, started.stdout[-3000:] + started.stderr[-3000:]
            key, runner = re.findall(r"^key (\S+) (\d+)$", started.stdout, re.MULTILINE)[0]
            # The test SMS came first; the code is in the one that the call made.
            sms = phone.messages.wait_for(
                lambda message: "code is" in message.text and message.to == NUMBER, within_seconds=30
            )
            accepted = next(json.loads(line) for line in started.stdout.splitlines() if '"ver_' in line)
            check = next(line for line in CALL if "/check" in line)
            found = {"ver_01M8...": accepted["id"], "123456": code_in(sms)}
            checked = newcomer.shell(_with({**values, **found}, check), {"OTP_KEY": key})
            assert json.loads(checked.stdout)["valid"], checked.stdout + checked.stderr
            os.kill(int(runner), signal.SIGTERM)
            eventually(lambda: not Path(f"/proc/{runner}").exists(), seconds=60)
            assert not list((newcomer.clone / f"state-{database}").rglob("processes.json"))
        finally:
            _end_all(newcomer.clone / f"state-{database}")


def _database_url(request: pytest.FixtureRequest, newcomer: Newcomer, database: str) -> str:
    if database == "sqlite":
        return f"sqlite:///{newcomer.clone}/otp.db"
    postgres: EmbeddedPostgres = request.getfixturevalue("postgres")
    return postgres.create_database("readme")


def _with(values: Mapping[str, str], lines: str) -> str:
    for written, value in values.items():
        lines = lines.replace(written, value)
    return lines


def _end_all(state: Path) -> None:
    """End what a start that failed left running, by the ids it wrote down."""
    for ledger in state.rglob("processes.json"):
        for entry in json.loads(ledger.read_text()):
            with suppress(ProcessLookupError):
                os.killpg(entry["pid"], signal.SIGKILL)
    for lock in state.rglob("lock"):
        words = lock.read_text().split()
        with suppress(ProcessLookupError, IndexError):
            os.kill(int(words[1]), signal.SIGKILL)
