"""The operator's webhook, which may stop answering, and the people whose texts it is told of."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

from otp_worker.devtools.chaos.plan import Fault
from otp_worker.devtools.processes.ports import LOOPBACK
from otp_worker.devtools.simulator import Simulator

LONGEST_BODY = 64 * 1024
HANG_SECONDS = 120.0
REPLIES = 60
POLL_SECONDS = 0.05


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_POST(self) -> None:
        """Take a notice; while it hangs, say nothing until that is over."""
        self.rfile.read(min(int(self.headers.get("Content-Length", "0")), LONGEST_BODY))
        hung = not self.server.answering.wait(0)
        self.server.answering.wait(HANG_SECONDS)
        with suppress(OSError):
            if not hung:
                self.server.told.add(self.headers.get("webhook-id", ""))
            self.send_response(204)
            self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep no access log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Those that hang still when the run is over are not waited for.
    block_on_close = False
    request_queue_size = 256

    def __init__(self) -> None:
        self.answering = threading.Event()
        self.answering.set()
        self.told: set[str] = set()
        super().__init__((LOOPBACK, 0), _Handler)


class Hook:
    """Listens on a free port of this machine; ``told`` are the notices that it took."""

    def __init__(self) -> None:
        self._server = _Server()
        self._thread = Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="hook", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.answering.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self._server.server_port}/"

    @property
    def told(self) -> int:
        """How many notices it took."""
        return len(self._server.told)

    def hang(self) -> None:
        """Take connections and requests, and answer none."""
        self._server.answering.clear()

    def answer(self) -> None:
        """Answer again."""
        self._server.answering.set()


@dataclass
class HookInjector:
    """The webhook hangs while many people write, of each of whom it is to be told."""

    hook: Hook
    phone: Simulator
    written: int = field(default=0)

    def inject(self, _: Fault) -> bool:
        """Hang, and let people write who never asked for a code."""
        self.hook.hang()
        for _each in range(REPLIES):
            self.phone.reply(f"447402{self.written:06d}", "Who are you?")
            self.written += 1
        return True

    def heal(self, _: Fault) -> bool:
        """Answer again."""
        self.hook.answer()
        return True
