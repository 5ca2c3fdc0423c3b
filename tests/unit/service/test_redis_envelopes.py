"""What we put on a Redis broker ourselves is, byte for byte, what kombu puts there."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.service.celery_app import make_celery
from otp_worker.service.publisher import DeliveryQueue

SUBJECTS = ["ver_01M8F84VWJRFDMVK09MCE77S9C.1", "ver_'quoted\".2", "ver_\u00fc.3"]


@pytest.fixture
def redis(redis_server: EmbeddedBroker) -> Iterator[Redis]:
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client


def published(redis: Redis, queue: DeliveryQueue) -> list[tuple[list[str], dict[str, Any]]]:
    """What is on the queues, each message with its names in their order; all is taken off."""
    assert queue.publish_deliveries(SUBJECTS)
    assert queue.publish_notice("ntc_1")
    assert queue.publish_confirmation("rep_1")
    found = []
    for name in (b"otp.deliver", b"otp.notices"):
        for text in redis.lrange(name, 0, -1):
            message = json.loads(text)
            found.append((list(message), message))
        redis.delete(name)
    return found


def test_each_message_is_kombus_but_for_its_delivery_tag(redis: Redis, redis_server: EmbeddedBroker) -> None:
    queue = DeliveryQueue(make_celery(redis_server.url, 5))
    ours = published(redis, queue)
    queue._by_redis = False
    kombus = published(redis, queue)
    tags = [message["properties"].pop("delivery_tag") for _, message in [*ours, *kombus]]
    assert ours == kombus
    assert len(ours) == len(SUBJECTS) + 2
    assert len(set(tags)) == len(tags)
    assert {len(tag) for tag in tags} == {36}
