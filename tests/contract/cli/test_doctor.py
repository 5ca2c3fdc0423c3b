"""What the doctor finds about the limits."""

from pathlib import Path

import pytest

from otp_worker.cli.doctor import Finding, Verdict, examine
from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A whole environment in which nothing but the database answers."""
    database = Database(f"sqlite:///{tmp_path}/otp.db")
    upgrade(database)
    database.close()
    (nowhere,) = free_ports(None)
    for name, value in {
        "DATABASE_URL": database.url,
        "BROKER_URL": f"redis://{LOOPBACK}:{nowhere}/0",
        "SECRET_KEY": "a root secret of the tests that is long enough",
        "COUNTRIES": "GB",
        "PUBLIC_URL": "",
        "GATEWAY_URL": f"http://{LOOPBACK}:{nowhere}/v1",
        "GATEWAY_KEY": "sk_live_x",
        "FLOWER_AUTH": "operator:watching-flower",
    }.items():
        monkeypatch.setenv(f"OTP_{name}", value)
    return monkeypatch


def limits() -> list[Finding]:
    return [finding for finding in examine() if finding.name == "limits"]


def test_a_redis_that_counts_is_good(environment: pytest.MonkeyPatch, redis_server: EmbeddedBroker) -> None:
    environment.setenv("OTP_REDIS_URL", redis_server.url)
    assert limits() == [Finding("limits", Verdict.GOOD, "are counted in Redis")]


def test_a_redis_that_does_not_answer_is_bad_and_it_is_said_who_counts(
    environment: pytest.MonkeyPatch,
) -> None:
    (found,) = limits()
    assert found.verdict is Verdict.BAD
    assert "the database counts" in found.detail


def test_without_redis_the_database_counts(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_REDIS_URL", "")
    (found,) = limits()
    assert (found.verdict, "counted in the database" in found.detail) == (Verdict.GOOD, True)


def test_a_limit_that_is_off_is_doubtful_and_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_REDIS_URL", "")
    environment.setenv("OTP_LIMIT_TOTAL", "")
    assert limits()[0] == Finding("limits", Verdict.DOUBTFUL, "turned off: OTP_LIMIT_TOTAL")
