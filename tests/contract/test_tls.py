"""Every client of ours refuses a server whose certificate it cannot verify, before it says anything to it."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from flower.utils.broker import Broker
from kombu.exceptions import OperationalError
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.domain.errors import BrokerUnavailableError
from otp_worker.domain.gateway import Message, OutcomeKind
from otp_worker.gateways.client import BoundedClient
from otp_worker.gateways.exchange import NotReachedError
from otp_worker.gateways.mobile_api_connect import MobileApiConnect
from otp_worker.gateways.smtp.server import parse_smtp_url
from otp_worker.operations.email import EmailChannel
from otp_worker.service.celery_app import make_celery
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.settings import Settings
from otp_worker.service.wiring import open_redis
from otp_worker.store.database import Database
from otp_worker.store.notifications import Notification
from tests.contract.tls_server import make_certificate, passing_to, serving

TlsFiles = tuple[Path, Path]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """A self-signed certificate and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def heard() -> list[bytes]:
    """What clients said behind the handshake."""
    return []


@pytest.fixture
def tls_port(files: TlsFiles, heard: list[bytes]) -> Iterator[int]:
    """A server that notes what a client says, and answers nothing."""

    def listen(secure: ssl.SSLSocket) -> None:
        while said := secure.recv(65536):
            heard.append(said)

    with serving(*files, listen) as port:
        yield port


@pytest.fixture
def redis_port(files: TlsFiles, redis_server: EmbeddedBroker) -> Iterator[int]:
    """A real Redis behind TLS."""
    with serving(*files, passing_to(redis_server.port)) as port:
        yield port


def _redis_url(redis_server: EmbeddedBroker, port: int, options: str = "") -> str:
    password = redis_server.url.split("@")[0].split(":")[-1]
    return f"rediss://:{password}@127.0.0.1:{port}/0{options}"


def _publisher(url: str) -> Celery:
    return make_celery(url, 2.0)


def _limits(url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OTP_REDIS_URL", url)
    monkeypatch.setenv("OTP_PUBLISH_WAIT_SECONDS", "2")
    return open_redis(Settings())


async def _flower_asks(url: str) -> Any:
    """What Flower's own page of queues does."""
    app = make_celery(url)
    broker = Broker(
        app.connection(connect_timeout=1.0).as_uri(include_password=True),
        broker_options=app.conf.broker_transport_options,
        broker_use_ssl=app.conf.broker_use_ssl,
    )
    try:
        return await broker.redis.ping()
    finally:
        await broker.redis.aclose()


def test_the_queue_refuses_a_redis_it_cannot_verify(redis_server: EmbeddedBroker, redis_port: int) -> None:
    queue = DeliveryQueue(_publisher(_redis_url(redis_server, redis_port)))
    with pytest.raises(BrokerUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        queue.check()
    assert not queue.publish_deliveries(["ver_1.1"])


def test_the_queue_takes_a_redis_whose_certificate_is_named(
    redis_server: EmbeddedBroker, redis_port: int, files: TlsFiles
) -> None:
    queue = DeliveryQueue(_publisher(_redis_url(redis_server, redis_port, f"?ssl_ca_certs={files[0]}")))
    assert queue.check() >= 0


def test_whoever_asks_for_no_verification_gets_none(redis_server: EmbeddedBroker, redis_port: int) -> None:
    queue = DeliveryQueue(_publisher(_redis_url(redis_server, redis_port, "?ssl_cert_reqs=none")))
    assert queue.check() >= 0


@pytest.mark.parametrize("accepted", [False, True])
def test_limits_verify_their_redis(
    redis_server: EmbeddedBroker,
    redis_port: int,
    files: TlsFiles,
    monkeypatch: pytest.MonkeyPatch,
    *,
    accepted: bool,
) -> None:
    options = f"?ssl_ca_certs={files[0]}" if accepted else ""
    redis = _limits(_redis_url(redis_server, redis_port, options), monkeypatch)
    if accepted:
        assert redis.ping()
    else:
        with pytest.raises(RedisError, match="CERTIFICATE_VERIFY_FAILED"):
            redis.ping()
    redis.close()


@pytest.mark.parametrize("accepted", [False, True])
def test_flower_verifies_the_redis_whose_queues_it_shows(
    redis_server: EmbeddedBroker, redis_port: int, files: TlsFiles, *, accepted: bool
) -> None:
    options = f"?ssl_ca_certs={files[0]}" if accepted else ""
    url = _redis_url(redis_server, redis_port, options)
    if accepted:
        assert asyncio.run(_flower_asks(url))
    else:
        with pytest.raises(RedisError, match="CERTIFICATE_VERIFY_FAILED"):
            asyncio.run(_flower_asks(url))


@pytest.mark.parametrize("accepted", [False, True])
def test_amqps_verifies_its_rabbitmq(
    tls_port: int, files: TlsFiles, heard: list[bytes], *, accepted: bool
) -> None:
    options = f"?ssl_ca_certs={files[0]}" if accepted else ""
    app = _publisher(f"amqps://otp:secret@127.0.0.1:{tls_port}//{options}")
    with app.connection_for_write() as connection, pytest.raises((OperationalError, OSError)) as caught:
        connection.ensure_connection(max_retries=1, timeout=2)
    assert ("CERTIFICATE_VERIFY_FAILED" in str(caught.value)) is not accepted
    assert (b"AMQP" in b"".join(heard)) is accepted


@pytest.mark.parametrize("accepted", [False, True])
def test_postgres_is_verified_where_its_url_asks_for_it(
    files: TlsFiles, heard: list[bytes], *, accepted: bool
) -> None:
    # Its client asks for TLS in eight bytes of plain text, and one byte says yes.
    def agree(client: Any) -> None:
        client.recv(8)
        client.sendall(b"S")

    def listen(secure: ssl.SSLSocket) -> None:
        heard.append(secure.recv(65536))

    root = f"&sslrootcert={files[0]}" if accepted else ""
    with serving(*files, listen, agree) as port:
        url = f"postgresql+psycopg://otp:secret@127.0.0.1:{port}/otp?sslmode=verify-full{root}"
        db = Database(url)
        with pytest.raises(SQLAlchemyError), db.read():
            pass
        db.close()
    assert (b"otp" in b"".join(heard)) is accepted


@contextmanager
def _smtp(files: TlsFiles, heard: list[bytes], scheme: str) -> Iterator[int]:
    def say(client: Any, line: bytes) -> None:
        client.sendall(line + b"\r\n")

    def greet(client: Any) -> None:
        say(client, b"220 ready")
        client.recv(1000)
        say(client, b"250-localhost\r\n250 STARTTLS")
        client.recv(1000)
        say(client, b"220 go on")

    def listen(secure: ssl.SSLSocket) -> None:
        if scheme == "smtps":
            say(secure, b"220 ready")
        heard.append(secure.recv(65536))

    with serving(*files, listen, greet if scheme == "smtp+starttls" else None) as port:
        yield port


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
@pytest.mark.parametrize("accepted", [False, True])
def test_mail_is_handed_to_a_verified_server_only(
    files: TlsFiles, heard: list[bytes], monkeypatch: pytest.MonkeyPatch, scheme: str, *, accepted: bool
) -> None:
    if accepted:
        # What OpenSSL trusts, an operator can change for the whole process.
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    with _smtp(files, heard, scheme) as port:
        server = parse_smtp_url(f"{scheme}://otp:secret@127.0.0.1:{port}")
        notice = Notification("ntc_1", "email", "reply.received", "rep_1", {}, datetime.now(UTC))
        told = EmailChannel(server, "otp@example.com", "support@example.com").tell(
            notice, {}, datetime.now(UTC)
        )
    assert (told == "SSLCertVerificationError") is not accepted
    assert bool(heard) is accepted


def test_a_gateway_that_cannot_be_verified_gets_no_message(tls_port: int, heard: list[bytes]) -> None:
    gateway = MobileApiConnect("x", f"https://127.0.0.1:{tls_port}/v1", "the-key")
    outcome = gateway.send(Message("+447400123456", "the code", "ref", None, 300, 5))
    assert outcome.kind is OutcomeKind.UNAVAILABLE
    assert heard == []


def test_a_webhook_that_cannot_be_verified_gets_nothing(tls_port: int, heard: list[bytes]) -> None:
    with pytest.raises(NotReachedError):
        BoundedClient().post(f"https://127.0.0.1:{tls_port}/", b"{}", {}, 5)
    assert heard == []
