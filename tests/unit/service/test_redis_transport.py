"""A channel to Redis keeps its client as long as its pool of connections; nothing connects here."""

from typing import Any

import pytest
from redis import ConnectionPool, Redis

from otp_worker.service.celery_app import make_celery
from otp_worker.service.redis_transport import (
    OneClientChannel,
    OneClientSentinelTransport,
    OneClientTransport,
)


@pytest.fixture
def channel() -> OneClientChannel:
    # Its making asks the server; of its many parts two take part here.
    made: OneClientChannel = object.__new__(OneClientChannel)
    made.Client = Redis
    made._pool, made._async_pool = ConnectionPool(), ConnectionPool()
    return made


def test_each_command_is_given_the_same_client(channel: OneClientChannel) -> None:
    with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
        assert first is second


def test_a_pool_that_was_replaced_has_a_client_of_its_own(channel: Any) -> None:
    with channel.conn_or_acquire() as before:
        channel._pool = ConnectionPool()
    with channel.conn_or_acquire() as after:
        assert after is not before
        assert after.connection_pool is channel.pool


def test_what_waits_for_work_shares_no_client(channel: OneClientChannel) -> None:
    with channel.conn_or_acquire() as shared:
        assert channel.client is not shared
        assert channel.client is channel.client


@pytest.mark.parametrize("url", ["redis://localhost/0", "rediss://localhost/0", "redis+socket:///run/redis"])
def test_every_way_to_redis_is_of_that_kind(url: str) -> None:
    assert make_celery(url).connection_for_write().get_transport_cls() is OneClientTransport


def test_redis_behind_sentinels_is_of_that_kind_too() -> None:
    connection = make_celery(
        "sentinel://localhost;sentinel://elsewhere?master_name=otp"
    ).connection_for_write()
    kind = connection.get_transport_cls()
    assert kind is OneClientSentinelTransport
    assert issubclass(kind.Channel, OneClientChannel)


def test_rabbitmq_is_none_of_it() -> None:
    kind = make_celery("amqp://localhost//").connection_for_write().get_transport_cls()
    assert not issubclass(kind, OneClientTransport)
