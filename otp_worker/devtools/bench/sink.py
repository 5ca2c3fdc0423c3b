"""The raw sink: an asyncio server that takes every POST as a gateway does, and remembers it.

It is the gateway where the simulated phone would be the bottleneck, and the trivial server against which the
load generator's own ceiling is measured. Run as ``python -m otp_worker.devtools.bench.sink PORT``.
"""

import asyncio
import json
import sys
import time
from typing import Any

_ACCEPTED = b'{"id": "msg_%d", "status": "queued"}'


class _Sink:
    """What was taken, as ``(to, text, arrived_at, answered_at)``, and how long each answer waits."""

    def __init__(self) -> None:
        self.delay_seconds = 0.0
        self.taken: list[tuple[object, object, float, float]] = []

    def control(self, method: bytes, path: bytes) -> bytes:
        if method == b"DELETE":
            self.taken.clear()
        elif method == b"PUT":
            self.delay_seconds = float(path.rpartition(b"/")[2])
        elif path == b"/taken":
            return json.dumps(self.taken).encode()
        return b'{"count": %d}' % len(self.taken)

    def take(self, body: bytes, arrived_at: float) -> bytes:
        message: dict[str, Any] = json.loads(body)
        self.taken.append((message.get("to"), message.get("text"), arrived_at, time.time()))
        return _ACCEPTED % len(self.taken)


class _Connection(asyncio.Protocol):
    def __init__(self, sink: _Sink) -> None:
        self._sink = sink
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # nosec B101 # noqa: S101 - what a TCP server gives
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found or len(rest) < _length(head):
            return
        # Nobody who measures here asks again before the answer.
        self._buffer = b""
        method, path, _ = head.split(b" ", 2)
        if method != b"POST":
            self._write(b"200 OK", self._sink.control(method, path))
        elif self._sink.delay_seconds:
            loop = asyncio.get_running_loop()
            loop.call_later(self._sink.delay_seconds, self._accept, rest, time.time())
        else:
            self._accept(rest, time.time())

    def _accept(self, body: bytes, arrived_at: float) -> None:
        self._write(b"202 Accepted", self._sink.take(body, arrived_at))

    def _write(self, status: bytes, body: bytes) -> None:
        if self._transport is not None:
            self._transport.write(
                b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (status, len(body), body)
            )


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.find(b"content-length:")
    return int(lower[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


async def serve(port: int) -> None:
    """Listen until the process ends."""
    sink = _Sink()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(sink), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
