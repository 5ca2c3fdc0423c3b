"""The Redis that limits are counted in."""

from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from otp_worker.service.settings import Settings
from otp_worker.service.tls_options import split_tls_options


def open_redis(settings: Settings) -> Redis | None:
    """The Redis that limits are counted in; None where the settings name none."""
    if settings.limits_url is None:
        return None
    url, tls = split_tls_options(settings.limits_url)
    return Redis.from_url(
        url,
        **(tls.for_redis if tls else {}),
        socket_timeout=settings.publish_wait_seconds,
        socket_connect_timeout=settings.publish_wait_seconds,
        # Once more over a new connection, where a restart of Redis has cut the old one.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )
