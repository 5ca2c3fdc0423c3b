"""A client of the Redis that a URL names, directly or by way of its Sentinels."""

from typing import Any

from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from otp_worker.service.sentinels import Sentinels, is_sentinels
from otp_worker.service.tls_options import TlsOptions, split_tls_options


def connect_redis(url: str, wait_seconds: float) -> Redis:
    """A client that waits so long for each answer. It connects with the first command, and raises nothing."""
    rest, tls = split_tls_options(url)
    options: dict[str, object] = {
        **(tls.for_redis if tls else {}),
        "socket_timeout": wait_seconds,
        "socket_connect_timeout": wait_seconds,
        # Once more over a new connection, where a restart of Redis has cut the old one.
        "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    }
    if is_sentinels(rest):
        return _connect_primary(Sentinels.parse(rest), wait_seconds, tls, options)
    return Redis.from_url(rest, **options)


def sentinel_client(sentinels: Sentinels, wait_seconds: float, tls: TlsOptions | None) -> dict[str, object]:
    """What the client of each Sentinel is told, beside its address."""
    return {
        "socket_timeout": wait_seconds,
        "socket_connect_timeout": wait_seconds,
        "username": sentinels.own_username,
        "password": sentinels.own_password,
        # One that is away is passed over, and the next one asked.
        "retry": Retry(NoBackoff(), 0),
        **({"ssl": True, **tls.for_redis} if tls else {}),
    }


def _connect_primary(
    sentinels: Sentinels, wait_seconds: float, tls: TlsOptions | None, options: dict[str, object]
) -> Redis:
    asked: Any = Sentinel
    primary: Redis = asked(
        sentinels.addresses, sentinel_kwargs=sentinel_client(sentinels, wait_seconds, tls)
    ).master_for(
        sentinels.master_name,
        db=sentinels.database,
        username=sentinels.username,
        password=sentinels.password,
        ssl=tls is not None,
        **options,
    )
    return primary
