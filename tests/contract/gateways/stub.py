"""A hand-written gateway on loopback that answers exactly the bytes it is told."""

import json
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


def answer(status: int, body: object) -> bytes:
    """A whole HTTP answer that closes its connection; a text goes as it is, ``body`` None sends none."""
    payload = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} Told\r\nContent-Length: {len(payload)}\r\nConnection: close\r\n\r\n"
    return head.encode() + payload


class Stub:
    """Reads one request a connection and gives the next answer; None resets the connection instead."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []
        self.requests: list[bytes] = []
        self.drip: bytes | None = None
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._serve)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    @property
    def url(self) -> str:
        """The base that an adapter is given."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            # Somebody may connect and leave without a word.
            with connection, suppress(ConnectionError):
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        if self.drip is not None:
            self._receive(connection)
            for byte in self.drip:
                if self._stopping.wait(0.05):
                    return
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    return
            return
        told = self.answers.pop(0) if self.answers else answer(404, None)
        if told is None or not told.startswith(b"this is not TLS"):
            self.requests.append(self._receive(connection))
        if told is None:
            # Linger 0: the close is a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return
        connection.sendall(told)

    @staticmethod
    def _receive(connection: socket.socket) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65536)
            if not part:
                raise ConnectionError
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        lengths = [line for line in head.splitlines() if line.lower().startswith(b"content-length")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body
