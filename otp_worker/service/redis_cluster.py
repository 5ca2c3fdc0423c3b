"""Redis Cluster is refused: kombu has no transport for it, and the keys of a queue would be spread."""

from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.broker_urls import NO_CLUSTER, REDIS, as_redis_py
from otp_worker.service.settings import Settings

ASK_SECONDS = 1.0


def refuse_cluster(settings: Settings) -> None:
    """Raise ConfigurationError where a Redis that answers is part of a cluster.

    One that does not answer now, or does not tell, is not judged: it may be back soon.
    """
    named = {"OTP_BROKER_URL": settings.broker_url, "OTP_REDIS_URL": settings.redis_url}
    for variable, url in named.items():
        if url and url.startswith(REDIS) and _is_cluster(as_redis_py(url)):
            raise ConfigurationError(f"{variable}: {NO_CLUSTER}")


def _is_cluster(url: str) -> bool:
    # Not for RabbitMQ: nothing of Redis is imported where there is none.
    from redis import RedisError

    from otp_worker.service.redis_client import connect_redis

    redis = connect_redis(url, ASK_SECONDS)
    try:
        return bool(redis.info("cluster").get("cluster_enabled"))
    except RedisError:
        return False
    finally:
        redis.close()
