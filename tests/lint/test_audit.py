"""The locked packages, held against the published vulnerabilities."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from otp_worker.devtools.processes.ports import LOOPBACK, free_ports

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "deploy" / "requirements-dev.lock"
# The other service of pip-audit says of a registry that does not know a package the same as of a sound one.
AUDIT: list[str | Path] = [
    Path(sys.executable).with_name("pip-audit"),
    *("--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off", "--timeout", "10"),
    *("--disable-pip", "--require-hashes", "--requirement"),
]
AWAY = ("requests.exceptions.", "Could not connect", "ServiceError")
PINNED = "vulnerable==1.0 --hash=sha256:" + "0" * 64


class OutOfReachError(Exception):
    """The service that knows vulnerabilities cannot be asked from here."""


def audit(lock: Path, *arguments: str) -> list[str]:
    """What is wrong with the packages of a lock, a line each. Raises OutOfReachError."""
    done = subprocess.run(
        [*AUDIT, lock, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    return judge(done.stdout, done.stderr)


def judge(report: str, complaint: str) -> list[str]:
    """What a report of pip-audit says; one that says nothing of a single package is no report."""
    try:
        packages = json.loads(report)["dependencies"]
    except ValueError:
        if any(word in complaint for word in AWAY):
            raise OutOfReachError(complaint.strip().splitlines()[-1]) from None
        return [f"pip-audit failed: {complaint}"]
    wrong = [package["skip_reason"] for package in packages if "skip_reason" in package]
    for package in packages:
        for found in package.get("vulns", []):
            fix = " or ".join(found["fix_versions"]) or "no version"
            wrong.append(f"{package['name']} {package['version']}: {found['id']}, mended in {fix}")
    return wrong if packages else ["nothing was audited"]


def test_no_locked_package_has_a_published_vulnerability() -> None:
    try:
        assert audit(LOCK) == []
    except OutOfReachError as away:
        pytest.skip(f"nobody looked for vulnerabilities: the service cannot be reached ({away})")


@dataclass
class Service:
    """Knows one vulnerability, of the package ``vulnerable``, and remembers what it was asked for."""

    url: str
    asked: set[str] = field(default_factory=set)


@pytest.fixture
def service() -> Iterator[Service]:
    """A service on loopback."""
    server = ThreadingHTTPServer((LOOPBACK, 0), _Answering)
    Thread(target=server.serve_forever, daemon=True).start()
    _Answering.service = Service(f"http://{LOOPBACK}:{server.server_port}/query")
    yield _Answering.service
    server.shutdown()
    server.server_close()


class _Answering(BaseHTTPRequestHandler):
    service: Service

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]
        self.service.asked.add(asked["name"])
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}]
        known = {"id": "OSV-1", "summary": "a hole", "affected": [{"package": asked, "ranges": ranges}]}
        answer = json.dumps({"vulns": [known]} if asked["name"] == "vulnerable" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_a_vulnerable_package_is_named_with_the_fix(service: Service, tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text(f"sound==2.0 --hash=sha256:{'1' * 64}\n{PINNED}\n")
    assert audit(tmp_path / "a.lock", "--osv-url", service.url) == ["vulnerable 1.0: OSV-1, mended in 1.1"]


def test_every_locked_package_is_asked_for(service: Service) -> None:
    assert audit(LOCK, "--osv-url", service.url) == []
    for_every_machine = set(re.findall(r"^(\S+)==\S+ \\$", LOCK.read_text(), re.MULTILINE))
    assert len(for_every_machine) > 80
    assert for_every_machine <= service.asked


def test_a_service_that_is_away_is_told_from_sound_packages(tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text(PINNED)
    (port,) = free_ports(None)
    with pytest.raises(OutOfReachError, match="refused"):
        audit(tmp_path / "a.lock", "--osv-url", f"http://{LOOPBACK}:{port}/query")


def test_a_lock_that_cannot_be_read_is_no_sound_one(service: Service, tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text("vulnerable>=1.0\n")
    (complaint,) = audit(tmp_path / "a.lock", "--osv-url", service.url)
    assert complaint.startswith("pip-audit failed: ")


@pytest.mark.parametrize(
    "report",
    [
        {"dependencies": []},
        {"dependencies": [{"name": "a", "skip_reason": "not found, could not be audited: a"}]},
    ],
)
def test_what_was_not_audited_is_no_sound_package(report: object) -> None:
    assert "audited" in judge(json.dumps(report), "")[0]
