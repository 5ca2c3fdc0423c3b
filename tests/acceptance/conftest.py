"""One running service per database and broker, shared by all tests here: each uses a number of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from otp_worker.devtools.processes.rabbitmq import SERVER
from otp_worker.devtools.processes.stack import BrokerName, Stack, running_stack
from tests.acceptance.shop import HOOK_LOGIN, Shop
from tests.sharing import STACKS


@pytest.fixture(scope="package", params=STACKS)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole service: over each database with Redis, and over SQLite with RabbitMQ."""
    if request.param == "rabbitmq" and not SERVER.exists():
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    folder: Path = tmp_path_factory.mktemp("stack")
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").create_database(f"stack_{abs(hash(folder))}")
    else:
        url = f"sqlite:///{folder}/otp.db"
    hooks = folder / "hooks.toml"
    hooks.write_text(f'[hooks.kratos]\napp = "shop"\nsecrets = ["{":".join(HOOK_LOGIN)}"]\n')
    settings = {"OTP_HOOKS_FILE": str(hooks)}
    broker: BrokerName = "rabbitmq" if request.param == "rabbitmq" else "redis"
    with running_stack(folder, url, settings=settings, broker=broker) as running:
        yield running


@pytest.fixture
def shop(stack: Stack) -> Iterator[Shop]:
    """An app that uses the service; afterwards the phone is as it was."""
    yield Shop(stack)
    stack.phone.knobs.reset()
