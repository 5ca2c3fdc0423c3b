"""Requests off the socket and answers onto it, in whatever manner the answer asks for."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from socketserver import TCPServer
from threading import Condition, Event
from typing import Any, Protocol

from .exchange import Answer, Manner, Request, error_answer

LONGEST_BODY = 64 * 1024
PADDING = b" " * LONGEST_BODY
HANG_UP_SECONDS = 2.0


class Route(Protocol):
    """What answers a request, given the caller's address."""

    def __call__(self, request: Request, peer: str) -> Answer: ...


Watch = Callable[[Request], AbstractContextManager[Callable[[Answer, float], None]]]
"""What watches a request: it is told the answer, and how many seconds that takes to leave."""


class Handler(BaseHTTPRequestHandler):
    """One connection, for as many requests as the client likes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def handle(self) -> None:
        """Serve the connection until either end closes it."""
        with suppress(ConnectionError):
            super().handle()

    def serve(self) -> None:
        """Read one request and answer it."""
        body = self._read_body()
        if body is None:
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        with self.server.watch(request) as answering:
            answer = self.server.route(request, str(self.client_address[0]))
            answering(answer, answer.after_seconds + self._dripping_seconds(answer))
            if answer.after_seconds:
                self.server.stopping.wait(answer.after_seconds)
            self._deliver(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815 - http.server's names

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not HTTP, or no method known here, and hang up."""
        self._refuse(code, (message or HTTPStatus(code).phrase).lower())

    def log_message(self, format: str, *args: Any) -> None:
        """Keep no access log: paths carry numbers."""

    def _read_body(self) -> bytes | None:
        """The whole body, or None when there is none to be had and the client has been told."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self._refuse(411, "length_required")
        elif not (length.isascii() and length.isdecimal()):
            self._refuse(400, "bad_content_length")
        elif len(length) > 9 or int(length) > LONGEST_BODY:
            self._refuse(413, "payload_too_large")
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                return body
            self.close_connection = True
        return None

    def _refuse(self, status: int, code: str) -> None:
        self.close_connection = True
        self.wfile.write(self._render(error_answer(status, code)))

    def _deliver(self, answer: Answer) -> None:
        match answer.manner:
            case Manner.LOST:
                self.close_connection = True
            case Manner.HUNG:
                self.close_connection = True
                while self.connection.recv(LONGEST_BODY):
                    pass
            case Manner.DRIPPED:
                self._drip(self._render(answer), answer.byte_seconds)
            case Manner.WHOLE if answer.stream is not None:
                self._stream(answer, answer.stream)
            case Manner.WHOLE:
                self.wfile.write(self._render(answer))
        if answer.manner in (Manner.DRIPPED, Manner.WHOLE):
            self._pad(answer.padding)

    def _stream(self, answer: Answer, pieces: Generator[bytes]) -> None:
        self.close_connection = True
        with closing(pieces):
            self.wfile.write(self._render(answer))
            for piece in pieces:
                self.wfile.write(piece)

    def _dripping_seconds(self, answer: Answer) -> float:
        if answer.manner is not Manner.DRIPPED:
            return 0.0
        return len(self._render(answer)) * answer.byte_seconds

    def _drip(self, rendered: bytes, byte_seconds: float) -> None:
        for position in range(len(rendered)):
            self.wfile.write(rendered[position : position + 1])
            if self.server.stopping.wait(byte_seconds):
                self.close_connection = True
                return

    def _pad(self, blanks: int) -> None:
        while blanks > 0:
            self.wfile.write(PADDING[:blanks])
            blanks -= len(PADDING)

    def _render(self, answer: Answer) -> bytes:
        """Head and body in one piece, so that they leave in one packet."""
        headers = {
            "Date": self.date_time_string(),
            "Content-Length": str(len(answer.body) + answer.padding),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **answer.headers,
        }
        if answer.status == HTTPStatus.NO_CONTENT or answer.stream is not None:
            del headers["Content-Length"]
        if self.close_connection:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + answer.body


class Server(ThreadingHTTPServer):
    """Listens, a thread per connection, and knows its open connections so that it can hang up on them."""

    daemon_threads = True
    request_queue_size = 1024
    # Two simulators on one port would share the requests between them.
    allow_reuse_port = False

    def __init__(self, address: tuple[str, int], route: Route, watch: Watch) -> None:
        self.route = route
        self.watch = watch
        self.stopping = Event()
        self._open: set[socket] = set()
        self._changed = Condition()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the host's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a new connection and serve it on a thread."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and forget it."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def hang_up(self) -> None:
        """Stop listening and close every connection; what is being answered slowly is cut off."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._changed:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, HANG_UP_SECONDS)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
