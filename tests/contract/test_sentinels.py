"""Redis behind three Sentinels: the queue and the limits outlive the loss of the primary."""

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flower.utils.broker import Broker

from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import free_ports
from otp_worker.devtools.processes.sentinels import EmbeddedSentinels
from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, LimitKey, Rate
from otp_worker.protection.rate_limiter import RedisLimiter
from otp_worker.service.celery_app import DELIVER_QUEUE, make_celery
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.redis_client import connect_redis

PATIENCE_SECONDS = 30
NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture(scope="module")
def sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSentinels]:
    folder: Path = tmp_path_factory.mktemp("sentinels")
    with Fleet(folder, cwd=Path.cwd(), env=dict(os.environ)) as fleet:
        server = EmbeddedSentinels(fleet, folder / "servers")
        server.start()
        yield server


def awaited(act: Callable[[], bool]) -> None:
    """Do it until it says yes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not act():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def test_a_sentinel_that_is_away_is_passed_over(sentinels: EmbeddedSentinels) -> None:
    first, *others = sentinels.url.split(";")
    nobody = free_ports(None)[0]
    url = ";".join([re.sub(r":\d+/0", f":{nobody}/0", first), *others])
    with closing(connect_redis(url, 1.0)) as redis:
        assert redis.ping()
    assert DeliveryQueue(make_celery(url, 1.0)).check() >= 0


def test_what_flower_asks_is_answered(sentinels: EmbeddedSentinels) -> None:
    app = make_celery(sentinels.url)

    async def ask() -> bool:
        broker = Broker(
            app.connection(connect_timeout=1.0).as_uri(include_password=True),
            broker_options=app.conf.broker_transport_options,
            broker_use_ssl=app.conf.broker_use_ssl,
        )
        try:
            return bool(await broker.redis.ping())
        finally:
            for each in broker.redis.connection_pool.sentinel_manager.sentinels:
                await each.aclose()
            await broker.redis.connection_pool.disconnect()

    assert asyncio.run(ask())


def test_no_password_of_them_is_shown(sentinels: EmbeddedSentinels) -> None:
    app = make_celery(sentinels.url)
    shown = f"{app.conf.humanize(with_defaults=True, censored=True)} {app.connection_for_read().as_uri()}"
    passwords = re.search(r"//:([^@]+)@.*sentinel_password=(.+)", sentinels.url)
    assert passwords
    assert not any(password in shown for password in passwords.groups())


def test_the_loss_of_the_primary_loses_no_queue_and_no_count(sentinels: EmbeddedSentinels) -> None:
    queue = DeliveryQueue(make_celery(sentinels.url, 1.0))
    scope = LimitKey(Limit.NUMBER, (Rate(1, 3600),), "number:1")
    with closing(connect_redis(sentinels.url, 1.0)) as redis:
        limiter = RedisLimiter(redis)
        assert queue.publish_deliveries(["before"])
        assert limiter.take("first", [scope], NOW) is not None
        # What the replica has not got by now would be lost with the primary: nobody claims otherwise.
        assert redis.wait(1, 10_000) == 1
        lost = sentinels.kill()
        awaited(lambda: queue.publish_deliveries(["after"]))
        assert sentinels.primary is not lost
        assert [json.loads(each)["headers"]["id"] for each in redis.lrange(DELIVER_QUEUE, 0, -1)] == [
            "after",
            "before",
        ]
        # A limiter of its own: the other remembers for a while who was refused.
        with pytest.raises(RateLimitExceededError):
            RedisLimiter(redis).take("second", [scope], NOW)
