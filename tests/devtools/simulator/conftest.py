from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from otp_worker.devtools.simulator import Knobs, Simulator
from tests.devtools.simulator.rehearsal import Client, ListeningApp


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def app() -> Iterator[ListeningApp]:
    with closing(ListeningApp()) as listening:
        yield listening


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(webhook_secret="whsec_rehearsal") as running:
        yield running


@pytest.fixture
def timed(clock: Clock) -> Iterator[Simulator]:
    """A simulator whose clock the test moves."""
    with Simulator(knobs=Knobs(clock=clock)) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    client = Client(simulator)
    with client.session:
        yield client
