"""A real server under clients whose bodies and headers never come: others go on (3 s)."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.devtools.processes.stack import ROOT, SECRET_KEY, answers
from otp_worker.domain.keyring import Keyring
from otp_worker.inbound.callbacks import callback_url, inbound_url
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.service.processes.procfile import procfile_commands
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from tests.waiting import awaited

THREADS = 2 * 16
"""Of both web processes."""
SOCKETS = 2 * THREADS
HEADER_TIMEOUT = "--http1-header-read-timeout"
GATEWAY = "mobile_api_connect"


class Web:
    """The Procfile's web, and the keys of two apps; its headers must come within half a second."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.keyring = Keyring([SECRET_KEY])
        (self.port, nobody) = free_ports(None, None)
        self.url = f"http://{LOOPBACK}:{self.port}"
        database = Database(f"sqlite:///{folder}/otp.db")
        upgrade(database)
        keys = ApiKeys(database)
        self.shop, self.bank = (keys.create(name, datetime.now(UTC)) for name in ("shop", "bank"))
        database.close()
        line = procfile_commands(ROOT / "Procfile")["web"]
        fleet.start(
            "web",
            f"{line} {HEADER_TIMEOUT} 500",
            {
                "PORT": str(self.port),
                "OTP_DATABASE_URL": database.url,
                "OTP_BROKER_URL": f"redis://{LOOPBACK}:{nobody}/0",
                "OTP_SECRET_KEY": SECRET_KEY,
                "OTP_COUNTRIES": "GB",
                "OTP_PUBLIC_URL": self.url,
                "OTP_GATEWAY_URL": "http://gateway.invalid",
                "OTP_GATEWAY_KEY": "sk_live_unused",
            },
        )
        fleet.await_ready("web", lambda: answers(f"{self.url}/healthz"), 60)

    @contextmanager
    def held(self, *requests: str) -> Iterator[list[socket.socket]]:
        """Sockets that send these beginnings of requests in turn and then nothing more."""
        with ExitStack() as opened:
            sockets = []
            for n in range(SOCKETS):
                held = opened.enter_context(socket.create_connection((LOOPBACK, self.port), timeout=30))
                held.sendall(requests[n % len(requests)].encode())
                sockets.append(held)
            yield sockets

    def send(self, key: str, to: str) -> requests.Response:
        """An app that sends as it should."""
        with requests.Session() as session:
            session.trust_env = False
            return session.post(
                f"{self.url}/v1/verifications",
                json={"to": to},
                headers={"Authorization": f"Bearer {key}"},
                timeout=30,
            )


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web")
    with Fleet(folder, cwd=ROOT, env=child_environment({})) as fleet:
        yield Web(fleet, folder)


def half(method: str, path: str, *headers: str) -> str:
    """A request whose body is announced and does not come."""
    lines = (f"{method} {path} HTTP/1.1", "Host: us", "Content-Length: 100", *headers)
    return "\r\n".join((*lines, "", ""))


def test_nobody_without_a_key_or_token_makes_a_thread_wait_for_a_body(web: Web) -> None:
    wrong = "ver_00000000000000000000000000.1." + "0" * 40
    unauthenticated = [
        half("POST", f"/v1/callbacks/{GATEWAY}/{wrong}"),
        half("POST", f"/v1/callbacks/{GATEWAY}/{'0' * 40}"),
        half("GET", f"/v1/callbacks/{GATEWAY}/{wrong}"),
        half("POST", f"/v1/callbacks/another/{'0' * 40}"),
        half("POST", "/v1/verifications"),
        half("POST", "/v1/verifications", "Authorization: Bearer otp_live_stranger"),
        half("POST", "/v1/verifications/check"),
        half("POST", "/v1/admin/numbers/forget", f"Authorization: Bearer {web.shop}"),
        half("PUT", "/v1/verifications", f"Authorization: Bearer {web.shop}"),
        half("POST", "/nothing/here"),
        half("POST", "/healthz"),
        half("GET", "/readyz"),
    ]
    for request in unauthenticated:
        with web.held(request) as sockets:
            assert sockets[-1].recv(12).startswith(b"HTTP/1.1 ")
            assert answers(f"{web.url}/healthz")


def test_one_keys_slow_bodies_leave_threads_for_everybody_else(web: Web) -> None:
    slow = half("POST", "/v1/verifications/check", f"Authorization: Bearer {web.shop}")
    with web.held(slow) as sockets:
        for n in range(4):
            assert web.send(web.bank, f"+44740000010{n}").status_code == 202
        # At most the turns of both processes wait; what is too much is answered.
        assert awaited(lambda: len(_answered(sockets)) >= SOCKETS - THREADS // 2)
        for answer in map(_rest, _answered(sockets)):
            assert answer.startswith(b"HTTP/1.1 429 ")
            assert b"retry-after: 1" in answer
            assert b"slow_bodies" in answer
    assert awaited(lambda: web.send(web.shop, "+447400000110").status_code == 202)


@pytest.mark.parametrize("token", ["a delivery's", "forward-all"])
def test_one_gateways_slow_callbacks_leave_threads_for_everybody_else(web: Web, token: str) -> None:
    url = inbound_url("", web.keyring, GATEWAY)
    if token == "a delivery's":
        accepted = web.send(web.bank, "+447400000120").json()["id"]
        url = callback_url("http://us", web.keyring, GATEWAY, f"{accepted}.1") or ""
    with web.held(half("POST", url.removeprefix("http://us"))):
        assert web.send(web.bank, f"+44740000013{len(token) % 10}").status_code == 202


def test_headers_that_do_not_come_close_their_connection(web: Web) -> None:
    with web.held("POST /v1/verifications HTTP/1.1\r\nHost: us\r\n") as sockets:
        assert answers(f"{web.url}/healthz")
        assert [b"HTTP/1.1 2" in _rest(each) for each in sockets] == [False] * SOCKETS


def _answered(held: list[socket.socket]) -> list[socket.socket]:
    """Those that the server has answered."""
    return select.select(held, [], [], 0)[0]


def _rest(held: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    received = b""
    while part := held.recv(4096):
        received += part
    return received
