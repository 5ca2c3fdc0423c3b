"""Which brokers can be worked with, and which Redis for the limits, as their URLs say."""

import re

from otp_worker.service.amqp_url import expand_amqp
from otp_worker.service.sentinels import SCHEMES, Sentinels, is_sentinels
from otp_worker.service.tls_options import split_tls_options

REDIS = ("redis://", "rediss://", "redis+socket://", *SCHEMES)
BROKERS = (*REDIS, "amqp://", "amqps://")
NO_CLUSTER = "Redis Cluster cannot hold the queues, which it would spread; give one Redis, or sentinel://"
_CLUSTER = re.compile(r"(redis|rediss|valkey|valkeys)[+-]cluster://")


def parse_broker_url(value: str) -> str:
    """The URL of a broker as it is. Raises ValueError with the fix."""
    return _parse(value, BROKERS)


def parse_redis_url(value: str) -> str:
    """The URL of the Redis for the limits as it is; empty for none. Raises ValueError with the fix."""
    return _parse(value, REDIS) if value else value


def as_redis_py(url: str) -> str:
    """The URL as redis-py reads it: for a socket kombu has another spelling."""
    return url.replace("redis+socket://", "unix://").replace("?virtual_host=", "?db=")


def _parse(value: str, known: tuple[str, ...]) -> str:
    if _CLUSTER.match(value):
        raise ValueError(NO_CLUSTER)
    if not value.startswith(known):
        raise ValueError(f"only {', '.join(known)} are supported")
    rest, _ = split_tls_options(value)
    expand_amqp(rest)
    if is_sentinels(value):
        Sentinels.parse(rest)
    return value
