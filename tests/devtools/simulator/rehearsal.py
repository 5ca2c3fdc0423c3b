"""The two ends of a rehearsal: a client of the simulated gateway, and the app it calls back."""

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

import requests

from otp_worker.devtools.simulator import Simulator

NUMBER = "+447700900123"


class Client:
    """An app's HTTP client with the simulator's key."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False

    def send(self, key: str | None = None, timeout: float = 10, **fields: Any) -> requests.Response:
        """POST a message; fields override a valid one's."""
        return self.vendor(
            "POST",
            "/messages",
            {"to": NUMBER, "text": "Your code is 123456", **fields},
            key=key,
            timeout=timeout,
        )

    def vendor(
        self, method: str, path: str, body: object, *, key: str | None = None, **options: Any
    ) -> requests.Response:
        """A request to the vendor's side with the right key."""
        return self.session.request(
            method,
            self._simulator.url + path,
            json=body,
            headers={"Authorization": f"Bearer {key or self._simulator.key}"},
            **{"timeout": 10, "allow_redirects": False, **options},
        )

    def control(self, method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        """A request to the simulator's own side."""
        return self.session.request(
            method, self._simulator.origin + path, json=body, **{"timeout": 10, **options}
        )


@dataclass(frozen=True)
class Heard:
    """One request the app heard."""

    path: str
    headers: dict[str, str]
    body: bytes


class ListeningApp:
    """An app's callback endpoint; answers each request with the next of `answers`, then with `usual`."""

    def __init__(self, usual: int = 204) -> None:
        self.answers: list[int] = []
        self._usual = usual
        self._heard: list[Heard] = []
        self._changed = Condition()
        app = self

        class Ear(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = app._hear(Heard(self.path, dict(self.headers), body))
                self.send_response(status)
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def wait_for(self, count: int, within_seconds: float = 10) -> list[Heard]:
        """The first so many POSTs; fails when they do not come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self._heard) >= count, within_seconds)
            assert came, f"{len(self._heard)} of {count} posts came"
            return list(self._heard)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _hear(self, heard: Heard) -> int:
        with self._changed:
            self._heard.append(heard)
            self._changed.notify_all()
            return self.answers.pop(0) if self.answers else self._usual
