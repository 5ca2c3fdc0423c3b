"""The example with Express, as its README starts it, over the application."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.served import served
from tests.api.service import Service

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
NUMBER = "+447400123456"
NODE, NPM = shutil.which("node"), shutil.which("npm")
INSTALL_SECONDS = 300

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not (NODE and NPM), reason="node and npm are not installed: apt-get install npm"),
]


@pytest.fixture
def running(migrated_sqlite: Path, tmp_path: Path) -> Iterator[tuple[httpx.Client, Service]]:
    """Somebody's browser before the running example, and the service behind it."""
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    folder = tmp_path / "examples" / "express_login"
    subprocess.run(
        [str(NPM), "install", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=INSTALL_SECONDS
    )
    with served(migrated_sqlite, tmp_path) as (url, service):
        environment = {**os.environ, "OTP_URL": url, "OTP_KEY": service.key("shop"), "PORT": "0"}
        program = subprocess.Popen(
            [str(NODE), "app.mjs"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            assert program.stdout is not None
            port = re.fullmatch(r"listening on (\d+)\n", program.stdout.readline())
            assert port is not None
            with httpx.Client(base_url=f"http://127.0.0.1:{port[1]}", timeout=30) as browser:
                yield browser, service
        finally:
            program.terminate()
            program.communicate(timeout=10)


def test_who_enters_the_code_is_signed_in(running: tuple[httpx.Client, Service]) -> None:
    browser, service = running
    assert browser.post("/login/check", json={"code": "123456"}).status_code == 409
    assert browser.post("/login/send", json={"number": "+4420"}).status_code == 422
    assert browser.post("/login/send", json={"number": NUMBER}).json() == {"sent_to": "+44********56"}
    service.deliver_queued()
    too_soon = browser.post("/login/send", json={"number": NUMBER})
    assert (too_soon.status_code, too_soon.headers["Retry-After"]) == (429, "30")
    code = service.gateway.codes[-1]
    wrong = browser.post("/login/check", json={"code": f"{(int(code) + 1) % 1_000_000:06d}"})
    assert (wrong.status_code, "4 tries" in wrong.json()["message"]) == (422, True)
    assert browser.post("/login/check", json={"code": code}).json() == {"signed_in_as": NUMBER}
    assert 'autocomplete="one-time-code"' in browser.get("/").text
