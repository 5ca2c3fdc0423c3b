"""One running service per database, shared by a module's tests: each uses a number of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from otp_worker.processes.stack import Stack, running_stack
from tests.acceptance.shop import Shop


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole service over that database."""
    folder: Path = tmp_path_factory.mktemp("stack")
    if request.param == "sqlite":
        url = f"sqlite:///{folder}/otp.db"
    else:
        url = request.getfixturevalue("postgres").create_database(f"stack_{abs(hash(folder))}")
    with running_stack(folder, url) as running:
        yield running


@pytest.fixture
def shop(stack: Stack) -> Iterator[Shop]:
    """An app that uses the service; afterwards the phone is as it was."""
    yield Shop(stack)
    stack.phone.knobs.reset()
