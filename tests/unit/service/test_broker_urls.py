"""Which brokers are taken, as their URLs say, and what is said of one that is not."""

import re
import socket
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.amqp_url import expand_amqp
from otp_worker.service.celery_app import make_celery
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.roles import load_settings
from otp_worker.service.sentinels import Sentinels

WHOLE = (
    "sentinel://user:p%40ss%3Bword@h1:26380/3;sentinel://h2;sentinel://[::1]:26381"
    "?master_name=otp&sentinel_username=own&sentinel_password=its-own"
)
REFUSED = [
    ("sentinel://h1:26379/0", "master_name"),
    ("sentinel://h1:26379/0?master_name=", "master_name"),
    ("sentinel://h1/0?master_name=otp&timeout=5", "timeout is not known"),
    ("sentinel://h1/first?master_name=otp", "is a number"),
    ("sentinel://h1/0;redis://h2?master_name=otp", "begins with sentinel://"),
    ("sentinel://h1/0;sentinel://:the-password@h2?master_name=otp", "in the first part alone"),
    ("sentinel://h1/0;sentinel://h2/1?master_name=otp", "in the first part alone"),
    ("sentinel:///0?master_name=otp", "no host"),
    ("sentinel://h1:the-password/0?master_name=otp", "no number"),
    ("redis+cluster://h1:6379/0", "Redis Cluster"),
    ("rediss-cluster://h1:6379/0", "Redis Cluster"),
    ("kafka://h1", "are supported"),
]


@pytest.mark.parametrize("variable", ["OTP_BROKER_URL", "OTP_REDIS_URL"])
@pytest.mark.parametrize(("url", "said"), REFUSED)
def test_what_cannot_be_worked_with_stops_the_start_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str, said: str
) -> None:
    monkeypatch.setenv("OTP_BROKER_URL", "redis://127.0.0.1/0")
    monkeypatch.setenv(variable, url)
    with pytest.raises(ConfigurationError, match=f"^{variable}: .*{said}") as caught:
        load_settings("beat")
    assert "the-password" not in str(caught.value)


def test_every_part_of_sentinels_is_read() -> None:
    assert Sentinels.parse(WHOLE) == Sentinels(
        addresses=(("h1", 26380), ("h2", 26379), ("::1", 26381)),
        master_name="otp",
        database=3,
        username="user",
        password="p@ss;word",
        own_username="own",
        own_password="its-own",
    )


def test_each_sentinel_that_kombu_turns_to_is_shown_the_same_credentials() -> None:
    connection = make_celery(WHOLE).connection_for_write()
    for host in ("h1", "h2", "::1"):
        assert (connection.userid, connection.password, connection.virtual_host) == ("user", "p@ss;word", "3")
        assert connection.hostname == host
        connection.maybe_switch_next()


def test_limits_are_counted_behind_the_brokers_sentinels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTP_BROKER_URL", WHOLE)
    assert load_settings("beat").limits_url == WHOLE


CLUSTERS = [
    (
        "amqp://otp:p%40ss@h1:5672//;amqp://h2;amqp://h3:5673",
        "amqp://otp:p%40ss@h1:5672//;amqp://otp:p%40ss@h2//;amqp://otp:p%40ss@h3:5673//",
    ),
    ("amqp://otp:a@h1/x;amqp://own:b@h2/y", "amqp://otp:a@h1/x;amqp://own:b@h2/y"),
    (
        "amqps://otp:a@h1//;amqps://h2?heartbeat=5",
        "amqps://otp:a@h1//?heartbeat=5;amqps://otp:a@h2//?heartbeat=5",
    ),
    ("amqp://otp:a@h1//?heartbeat=5", "amqp://otp:a@h1//?heartbeat=5"),
]


@pytest.mark.parametrize(("url", "whole"), CLUSTERS)
def test_each_node_of_rabbitmq_is_shown_what_the_first_is(url: str, whole: str) -> None:
    assert expand_amqp(url) == whole


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("amqp://otp:the-password@h1//;amqps://h2", "begins with amqp://"),
        ("amqp://otp:the-password@h1//;amqp://", "no host"),
    ],
)
def test_a_cluster_that_is_misspelt_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("OTP_BROKER_URL", url)
    with pytest.raises(ConfigurationError, match=f"^OTP_BROKER_URL: .*{said}") as caught:
        load_settings("beat")
    assert "the-password" not in str(caught.value)


def test_one_publish_tries_every_node() -> None:
    with ExitStack() as listening:
        nodes = [listening.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        asked: list[int] = []
        # The first hangs, as a machine behind a cut cable does; the others end each connection.
        for node in nodes[1:]:
            threading.Thread(target=refuse, args=(node, asked), daemon=True).start()
        first, *others = [node.getsockname()[1] for node in nodes]
        url = ";".join(
            [f"amqp://otp:x@127.0.0.1:{first}//", *(f"amqp://127.0.0.1:{port}" for port in others)]
        )
        assert not DeliveryQueue(make_celery(url, 0.2)).publish_deliveries(["ver_1.1"])
        assert asked == others


def refuse(node: socket.socket, asked: list[int]) -> None:
    """End each connection once it is made."""
    with suppress(OSError):
        while True:
            connection = node.accept()[0]
            asked.append(node.getsockname()[1])
            connection.close()


def test_what_the_operators_page_shows_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).resolve().parents[3] / "deploy" / "README.md"
    shown = re.findall(r"^(OTP_\w+_URL)='(.+)'$", page.read_text(), re.MULTILINE)
    assert shown
    for variable, url in shown:
        monkeypatch.setenv(variable, url)
        assert load_settings("cli" if variable == "OTP_DATABASE_URL" else "beat")
