"""A TCP proxy between the service and its broker, for the faults of a network."""

import asyncio
import os
import socket
import ssl
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar

from otp_worker.devtools.processes.ports import LOOPBACK

CHUNK_BYTES = 65_536
STOP_SECONDS = 5.0
_NO_TLS = bytes([23, 3, 3, 0, 32]) + bytes(32)
"""A record of application data that no key of the connection made."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Result = TypeVar("Result")


class Mode(StrEnum):
    """What becomes of connections."""

    PASS = "pass"  # nosec B105 # noqa: S105 - no password
    """Bytes go through."""
    REFUSE = "refuse"
    """Connections are reset: those that are open, and new ones as soon as they are made."""
    BLACKHOLE = "blackhole"
    """Bytes vanish while both ends believe in their connection, as when a machine loses its power."""
    SLOW = "slow"
    """Bytes go through after a delay."""
    STALL = "stall"
    """Open connections are reset; new ones are taken and never hear anything, nor do they later."""
    RESET_ANSWER = "reset answer"
    """What is asked goes through; a connection is reset as soon as the answer comes."""
    GARBLE_ANSWER = "garble answer"
    """The same, after bytes that are no TLS."""


class Proxy:
    """Listens on a free port of this machine and passes connections on to another port of it.

    A connection that was open in a blackhole stays dead after it, until its ends give it up. With ``tls``
    it speaks TLS with its clients, and plain TCP with the other port.
    """

    def __init__(
        self, target_port: int, delay_seconds: float = 0.2, tls: ssl.SSLContext | None = None
    ) -> None:
        self.port = 0
        self.target_port = target_port
        self.delay_seconds = delay_seconds
        self.mode = Mode.PASS
        self._tls = tls
        self._open: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._await(asyncio.start_server(self._serve, LOOPBACK, 0, ssl=self._tls))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._await(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)
        self._loop.close()

    def set(self, mode: Mode) -> None:
        """Treat connections that way from now on, the open ones too; returns once it holds."""
        self._await(self._change(mode))

    def cut(self) -> None:
        """Reset every open connection; new ones are not affected."""
        self._await(self._reset())

    def _await(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STOP_SECONDS)

    async def _change(self, mode: Mode) -> None:
        self.mode = mode
        if mode in (Mode.REFUSE, Mode.STALL):
            await self._reset()
        if mode is Mode.BLACKHOLE:
            for connection in self._open:
                connection.dead = True

    async def _reset(self) -> None:
        for connection in self._open:
            connection.reset()

    async def _close(self) -> None:
        self._server.close()
        await self._reset()
        await asyncio.gather(*self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # nosec B101 # noqa: S101 - a coroutine that runs has a task
        self._tasks.add(task)
        connection = _Connection(self, reader, writer)
        self._open.add(connection)
        try:
            await connection.live()
        finally:
            connection.reset()
            self._open.discard(connection)
            self._tasks.discard(task)


class _Connection:
    """One client's connection and the one made for it; ``dead`` ones swallow whatever comes."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.dead = proxy.mode in (Mode.BLACKHOLE, Mode.STALL)
        self._proxy = proxy
        self._client = reader
        self._writers = [writer]

    async def live(self) -> None:
        """Serve until both ends are gone."""
        if self._proxy.mode is Mode.REFUSE:
            return
        if self.dead:
            await self._pump(self._client, None)
            return
        try:
            server, to_server = await asyncio.open_connection(LOOPBACK, self._proxy.target_port)
        except OSError:
            return
        to_client = self._writers[0]
        self._writers.append(to_server)
        await asyncio.gather(self._pump(self._client, to_server), self._pump(server, to_client, answers=True))

    def reset(self) -> None:
        """Drop both ends at once, so that they hear of it."""
        for writer in self._writers:
            raw: socket.socket | None = writer.get_extra_info("socket")
            if raw is not None and not writer.transport.is_closing():
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()

    def _garble(self) -> None:
        client = self._writers[0]
        raw: socket.socket = client.get_extra_info("socket")
        # Past the TLS that the transport speaks.
        os.write(raw.fileno(), _NO_TLS)
        client.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter | None, *, answers: bool = False
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await source.read(CHUNK_BYTES):
                if answers and self._proxy.mode is Mode.GARBLE_ANSWER:
                    self._garble()
                if answers and self._proxy.mode in (Mode.RESET_ANSWER, Mode.GARBLE_ANSWER):
                    break
                if self._proxy.mode is Mode.SLOW:
                    await asyncio.sleep(self._proxy.delay_seconds)
                if sink is not None and not self.dead:
                    sink.write(chunk)
                    await sink.drain()
        # Neither end of a dead connection hears that the other one hung up.
        if sink is not None and not self.dead:
            self.reset()
