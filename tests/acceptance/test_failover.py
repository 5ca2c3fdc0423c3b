"""The whole service goes on when a server of its broker is lost: nothing is lost, and no process ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from otp_worker.devtools.processes.sentinels import EmbeddedSentinels
from otp_worker.devtools.processes.stack import Stack, running_stack
from tests.acceptance.shop import WITHIN_SECONDS, Shop, eventually, fresh_number

pytestmark = pytest.mark.nightly
MANY = 20


@pytest.fixture
def over_sentinels(tmp_path: Path) -> Iterator[Stack]:
    with running_stack(tmp_path, f"sqlite:///{tmp_path}/otp.db", broker="sentinels") as stack:
        yield stack


def test_every_code_is_sent_across_a_failover_of_redis(over_sentinels: Stack) -> None:
    shop, broker = Shop(over_sentinels), over_sentinels.broker
    assert isinstance(broker, EmbeddedSentinels)
    numbers = [fresh_number() for _ in range(MANY)]
    for number in numbers[: MANY // 2]:
        shop.send(number)
    lost = broker.kill()
    for number in numbers[MANY // 2 :]:
        shop.send(number)
    eventually(lambda: {each.to for each in over_sentinels.phone.messages} >= set(numbers))
    assert broker.await_primary(lost) is not lost
    eventually(lambda: shop.call("GET", "/readyz").status_code == 200)
    sent_since = fresh_number()
    shop.send(sent_since)
    over_sentinels.phone.messages.wait_for(lambda message: message.to == sent_since, WITHIN_SECONDS)
    over_sentinels.fleet.check()
