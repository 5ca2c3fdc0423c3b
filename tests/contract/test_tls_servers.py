"""TLS to real servers: Redis, its Sentinels and RabbitMQ are verified, and one that cannot be is refused."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import RedisError

from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.errors import EndedEarlyError
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.devtools.processes.rabbitmq import SERVER, EmbeddedRabbit
from otp_worker.domain.errors import BrokerUnavailableError
from otp_worker.service.celery_app import make_celery
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.redis_client import connect_redis
from tests.contract.tls_server import make_certificate

pytestmark = pytest.mark.nightly
REDIS = os.environ.get("REDIS_WITH_TLS") or shutil.which("redis-server")
"""The wheel's Valkey is built without TLS; Debian's Redis has it."""
UNVERIFIED = "CERTIFICATE_VERIFY_FAILED|No master found"
"""The client says no more of a Sentinel that it cannot verify than that none told it."""
_TLS = """\
tls-port {port}
tls-cert-file {certificate}
tls-key-file {key}
tls-ca-cert-file {certificate}
tls-auth-clients no
tls-replication yes
"""
_SENTINEL = """\
bind 127.0.0.1
port 0
dir "{folder}"
sentinel monitor otp 127.0.0.1 {primary} 1
sentinel auth-pass otp {password}
"""
_RABBIT = """\
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {certificate}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with Fleet(folder, cwd=folder, env=dict(os.environ)) as processes:
        yield processes


@pytest.fixture(scope="module")
def redis_urls(
    fleet: Fleet, files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """A Redis behind TLS by itself, and by way of a Sentinel that is behind TLS too."""
    if REDIS is None:
        pytest.skip("no Redis with TLS: apt-get install redis-server, or name one in REDIS_WITH_TLS")
    folder = tmp_path_factory.mktemp("servers")
    port, sentinel_port = free_ports(None, None)
    certificate, key = files
    server = EmbeddedBroker(
        fleet, folder / "redis", Path(REDIS), further=_TLS.format(port=port, certificate=certificate, key=key)
    )
    try:
        server.start()
    except EndedEarlyError:
        pytest.skip(f"{REDIS} is built without TLS")
    password = server.url.split("@")[0].rpartition(":")[2]
    configuration = folder / "sentinel.conf"
    configuration.write_text(
        _SENTINEL.format(folder=folder, primary=port, password=password)
        + _TLS.format(port=sentinel_port, certificate=certificate, key=key)
    )
    # The program is a Sentinel by its name too, but Debian's package of it has no such name.
    fleet.start("sentinel", f"exec {REDIS} {configuration} --sentinel")
    urls = {
        "rediss": f"rediss://:{password}@{LOOPBACK}:{port}/0?",
        "sentinels": f"sentinels://:{password}@{LOOPBACK}:{sentinel_port}/0?master_name=otp&",
    }
    trusting = f"{urls['sentinels']}ssl_ca_certs={certificate}"
    fleet.await_ready("sentinel", lambda: answers(trusting), 30)
    return urls


def answers(url: str) -> bool:
    with closing(connect_redis(url, 2.0)) as redis:
        try:
            return bool(redis.ping())
        except RedisError:
            return False


@pytest.mark.parametrize("scheme", ["rediss", "sentinels"])
def test_redis_is_used_where_its_certificate_is_verified(
    redis_urls: dict[str, str], files: tuple[Path, Path], scheme: str
) -> None:
    url = f"{redis_urls[scheme]}ssl_ca_certs={files[0]}"
    queue = DeliveryQueue(make_celery(url, 2.0))
    assert queue.publish_deliveries([f"ver_{scheme}.1"])
    assert queue.check() >= 1
    assert answers(url)


@pytest.mark.parametrize("scheme", ["rediss", "sentinels"])
def test_redis_is_refused_where_its_certificate_is_not(redis_urls: dict[str, str], scheme: str) -> None:
    # Another database: kombu would take a connection that was verified for the same address.
    url = redis_urls[scheme].rstrip("?&").replace("/0", "/1")
    with pytest.raises(BrokerUnavailableError, match=UNVERIFIED):
        DeliveryQueue(make_celery(url, 2.0)).check()
    with closing(connect_redis(url, 2.0)) as redis, pytest.raises(RedisError, match=UNVERIFIED):
        redis.ping()


def test_rabbitmq_is_used_or_refused_as_its_certificate_is_verified(
    fleet: Fleet, files: tuple[Path, Path], tmp_path: Path
) -> None:
    if not SERVER.exists():
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    port = free_ports(None)[0]
    server = EmbeddedRabbit(
        fleet, tmp_path, further=_RABBIT.format(port=port, certificate=files[0], key=files[1])
    )
    server.start()
    url = server.url.replace("amqp://", "amqps://").replace(f":{server.port}/", f":{port}/")
    assert DeliveryQueue(make_celery(f"{url}?ssl_ca_certs={files[0]}", 5.0)).check() >= 0
    with pytest.raises(BrokerUnavailableError, match=UNVERIFIED):
        DeliveryQueue(make_celery(url.replace(LOOPBACK, "localhost"), 5.0)).check()
    server.stop()
