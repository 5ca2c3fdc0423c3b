"""Starting the load generator, and waiting for what it says."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from otp_worker.devtools.bench.load import REQUEST_SECONDS, Loaded, Order
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.domain.errors import OtpError

_START_SECONDS = 30


class LoadFailedError(OtpError):
    """The load generator was not answered as it should be."""


class Generator:
    """A running load generator."""

    def __init__(self, order: Order) -> None:
        self._seconds = order.seconds + REQUEST_SECONDS + _START_SECONDS
        self._process = subprocess.Popen(
            [sys.executable, "-m", "otp_worker.devtools.bench.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=child_environment({}),
        )
        self._written: str | None = json.dumps(asdict(order))

    def result(self) -> Loaded:
        """Wait for its end. Raises LoadFailedError."""
        try:
            written, complaint = self._process.communicate(self._written, timeout=self._seconds)
        except subprocess.TimeoutExpired:
            raise LoadFailedError("the load did not end in time") from None
        if self._process.returncode != 0:
            raise LoadFailedError(f"the load broke off: {complaint.strip().splitlines()[-1]}")
        return Loaded(**json.loads(written))

    def begin(self) -> None:
        """Let it start now; else it starts when it is waited for."""
        if self._process.stdin is not None and self._written is not None:
            self._process.stdin.write(self._written)
            self._process.stdin.flush()
            self._process.stdin.close()
            self._process.stdin = None
            self._written = None

    def end(self) -> None:
        """End it, whether or not it has ended."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def generating(order: Order) -> Iterator[Generator]:
    """A load that goes on beside the block."""
    generator = Generator(order)
    try:
        generator.begin()
        yield generator
    finally:
        generator.end()


def ask(order: Order, expected: Sequence[int] = (202,)) -> Loaded:
    """Carry out an order to its end. Raises LoadFailedError where an answer has another status."""
    generator = Generator(order)
    try:
        loaded = generator.result()
    finally:
        generator.end()
    must_be(loaded, expected)
    return loaded


def must_be(loaded: Loaded, expected: Sequence[int]) -> None:
    """Raise LoadFailedError unless there were answers, and all had one of these statuses."""
    statuses = Counter(loaded.statuses)
    if not statuses or statuses.keys() - set(expected):
        told = ", ".join(
            f"{number} of {status or 'no answer'}" for status, number in sorted(statuses.items())
        )
        raise LoadFailedError(f"answers other than {'/'.join(map(str, expected))}: {told or 'none at all'}")
