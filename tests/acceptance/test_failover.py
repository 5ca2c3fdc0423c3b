"""The whole service goes on when a server of its broker is lost: nothing is lost, and no process ends."""

from pathlib import Path

import pytest

from otp_worker.devtools.processes.rabbitmq import SERVER
from otp_worker.devtools.processes.stack import BrokerName, Stack, running_stack
from tests.acceptance.shop import WITHIN_SECONDS, Shop, eventually, fresh_number

pytestmark = pytest.mark.nightly
MANY = 20


@pytest.mark.parametrize("broker", ["sentinels", "rabbit-cluster"])
def test_every_code_is_sent_across_the_loss_of_the_brokers_leader(broker: BrokerName, tmp_path: Path) -> None:
    if broker == "rabbit-cluster" and not SERVER.exists():
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    with running_stack(tmp_path, f"sqlite:///{tmp_path}/otp.db", broker=broker) as stack:
        shop = Shop(stack)
        numbers = [fresh_number() for _ in range(MANY)]
        for number in numbers[: MANY // 2]:
            shop.send(number)
        lost = kill_leader(stack)
        for number in numbers[MANY // 2 :]:
            shop.send(number)
        eventually(lambda: {each.to for each in stack.phone.messages} >= set(numbers), 60)
        eventually(lambda: shop.call("GET", "/readyz").status_code == 200)
        eventually(lambda: stack.broker.struck != lost)
        sent_since = fresh_number()
        shop.send(sent_since)
        stack.phone.messages.wait_for(lambda message: message.to == sent_since, WITHIN_SECONDS)
        stack.fleet.check()


def kill_leader(stack: Stack) -> str:
    """Kill -9 the server that leads; its process's name."""
    name = stack.broker.struck
    stack.fleet.kill(name)
    return name
