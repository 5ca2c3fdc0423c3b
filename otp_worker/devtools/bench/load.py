"""The load generator: keep-alive HTTP/1.1 over raw streams, in a process of its own.

It reads an order as JSON on its standard input and writes what became of it as JSON to its standard output.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count, islice
from typing import Any

REQUEST_SECONDS = 60.0
NO_ANSWER = 0
"""The status of a request that got no answer in that time, or lost its connection."""

Item = tuple[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be asked of whom.

    ``items`` are paths with JSON bodies, asked one after another and from the start again while time is left;
    the load ends after ``most`` requests or ``seconds``, whichever is first. Each connection asks again as
    soon as it is answered, or, with ``rate_per_s``, all together keep to that pace: a request whose time has
    come waits for nobody, and its latency counts from that time.
    """

    port: int
    items: list[Item]
    connections: int
    seconds: float
    most: int | None = None
    rate_per_s: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    keep_answers: bool = False
    host: str = "127.0.0.1"


@dataclass(slots=True)
class Loaded:
    """What became of an order; instants are seconds since the epoch, latencies seconds.

    ``asked_at``, ``latencies``, ``statuses`` and, where they were to be kept, ``answers`` go together.
    """

    began_at: float = 0.0
    ended_at: float = 0.0
    positions: list[int] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return len(self.statuses) / (self.ended_at - self.began_at)


class _Load:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._requests = [_request(order, path, body) for path, body in order.items]
        self._numbers: Iterator[int] = islice(count(), order.most)
        self._ends = 0.0
        self._began = 0.0
        self.loaded = Loaded()

    async def run(self) -> Loaded:
        connecting = [
            asyncio.open_connection(self._order.host, self._order.port)
            for _ in range(self._order.connections)
        ]
        connections = await asyncio.gather(*connecting)
        self._began = time.monotonic()
        self._ends = self._began + self._order.seconds
        self.loaded.began_at = time.time()
        await asyncio.gather(*(self._ask_on(*connection) for connection in connections))
        self.loaded.ended_at = time.time()
        for _, writer in connections:
            writer.close()
        return self.loaded

    async def _ask_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in self._numbers:
            due = await self._await_turn(number)
            if due >= self._ends:
                return
            position = number % len(self._requests)
            asked_at = time.time() - (time.monotonic() - due)
            writer.write(self._requests[position])
            status, body = await self._answer_in_time(reader)
            self.loaded.latencies.append(time.monotonic() - due)
            self.loaded.positions.append(position)
            self.loaded.asked_at.append(asked_at)
            self.loaded.statuses.append(status)
            if self._order.keep_answers:
                self.loaded.answers.append(body.decode())
            if status == NO_ANSWER:
                # Only this connection is lost: the others go on.
                return

    @staticmethod
    async def _answer_in_time(reader: asyncio.StreamReader) -> tuple[int, bytes]:
        try:
            return await asyncio.wait_for(_answer(reader), REQUEST_SECONDS)
        except (TimeoutError, EOFError, OSError):
            return NO_ANSWER, b""

    async def _await_turn(self, number: int) -> float:
        """The monotonic instant at which the request is due; where it has passed, it is asked at once."""
        if self._order.rate_per_s is None:
            return time.monotonic()
        due = self._began + number / self._order.rate_per_s
        await asyncio.sleep(max(due - time.monotonic(), 0))
        return due


def _request(order: Order, path: str, body: dict[str, object]) -> bytes:
    content = json.dumps(body).encode()
    headers = {
        "Host": f"{order.host}:{order.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        **order.headers,
    }
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    start = lower.find(b"content-length:")
    length = int(lower[start + 15 : lower.index(b"\r\n", start)]) if start >= 0 else 0
    return int(head[9:12]), await reader.readexactly(length)


def read_order(text: str) -> Order:
    """An order as the bench wrote it."""
    fields: dict[str, Any] = json.loads(text)
    return Order(**{**fields, "items": [(path, body) for path, body in fields["items"]]})


def main() -> None:
    """Carry out the order on standard input."""
    loaded = asyncio.run(_Load(read_order(sys.stdin.read())).run())
    json.dump(asdict(loaded), sys.stdout)


if __name__ == "__main__":
    main()
