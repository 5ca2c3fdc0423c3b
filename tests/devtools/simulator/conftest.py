from collections.abc import Iterator
from contextlib import closing

import pytest

from otp_worker.devtools.simulator import Simulator
from tests.devtools.simulator.rehearsal import Client, ListeningApp


@pytest.fixture
def app() -> Iterator[ListeningApp]:
    with closing(ListeningApp()) as listening:
        yield listening


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(webhook_secret="whsec_rehearsal") as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    client = Client(simulator)
    with client.session:
        yield client
