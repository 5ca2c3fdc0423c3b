"""The proxy that deploy/ gives lets the API through, and keeps inside what is for operators."""

import shutil
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
OURS, HOST = "127.0.0.1:8000", "otp.example.com"
READY_SECONDS = 20
PASSED = ["/v1/verifications", "/docs", "/docs/problems", "/openapi.json", "/healthz"]
KEPT_INSIDE = [
    "/metrics",
    "/readyz",
    "/v1/admin/apps",
    "/v1/admin/pauses/exempt",
    "/v1//admin/apps",
    "/",
    "/sim",
]


class Web(BaseHTTPRequestHandler):
    """Stands in for `web`: answers everything, and repeats what it was sent."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("X-Seen-Request-Id", self.headers.get("X-Request-Id", ""))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[str]:
    with ThreadingHTTPServer((LOOPBACK, 0), Web) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"{LOOPBACK}:{server.server_port}"
        server.shutdown()
        thread.join(10)


def caddy(folder: Path, web: str, port: int) -> str:
    """Its command, with the file as it is but for the addresses and the certificate."""
    text = (DEPLOY / "Caddyfile").read_text().replace(OURS, web).replace(HOST, f"http://{LOOPBACK}:{port}")
    (folder / "Caddyfile").write_text(text.replace("{\n", "{\n\tadmin off\n", 1))
    program = Path(sys.executable).with_name("caddy")
    return f"exec {program} run --adapter caddyfile --config {folder}/Caddyfile"


def nginx(folder: Path, web: str, port: int) -> str:
    """The same."""
    text = (DEPLOY / "nginx.conf").read_text().replace(OURS, web)
    lines = [line for line in text.splitlines() if "ssl_certificate" not in line]
    server = "\n".join(lines).replace("listen 443 ssl", f"listen {LOOPBACK}:{port}")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{server}\n}}\n"
    )
    return f"exec nginx -p {folder} -e stderr -c {folder}/nginx.conf"


@pytest.fixture(params=[caddy, nginx], ids=lambda each: each.__name__)
def proxy(request: pytest.FixtureRequest, tmp_path: Path, web: str) -> Iterator[str]:
    if request.param is nginx and shutil.which("nginx") is None:
        pytest.skip("nginx is not here: apt-get install nginx-light")
    (port,) = free_ports(None)
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    with Fleet(tmp_path, cwd=tmp_path, env=child_environment(home)) as fleet:
        fleet.start("proxy", request.param(tmp_path, web, port), {})
        url = f"http://{LOOPBACK}:{port}"

        def answers() -> bool:
            try:
                return requests.get(f"{url}/healthz", timeout=5).ok
            except requests.ConnectionError:
                return False

        fleet.await_ready("proxy", answers, READY_SECONDS)
        yield url


def test_the_api_passes_and_what_is_for_operators_stays_inside(proxy: str) -> None:
    answers = {path: requests.get(proxy + path, timeout=5) for path in (*PASSED, *KEPT_INSIDE)}
    assert [path for path, answer in answers.items() if answer.status_code == 200] == PASSED
    assert {answers[path].status_code for path in KEPT_INSIDE} == {404}
    passed = requests.post(f"{proxy}/v1/verifications", json={"to": "x"}, timeout=5)
    assert passed.json() == {"to": "x"}
    assert passed.headers["X-Seen-Request-Id"]
    assert passed.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert requests.post(f"{proxy}/v1/verifications", data=b"x" * 100_000, timeout=5).status_code == 413
