"""A Redis that is part of a cluster stops each start with a sentence that names the variable."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.redis_cluster import refuse_cluster
from otp_worker.service.roles import load_settings


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server in cluster mode."""
    folder: Path = tmp_path_factory.mktemp("cluster")
    with Fleet(folder, cwd=Path.cwd(), env=dict(os.environ)) as fleet:
        server = EmbeddedBroker(fleet, folder / "server", further="cluster-enabled yes\n")
        server.start()
        yield server.url


@pytest.mark.parametrize("variable", ["OTP_BROKER_URL", "OTP_REDIS_URL"])
def test_a_cluster_is_refused_whichever_variable_names_it(
    monkeypatch: pytest.MonkeyPatch, redis_server: EmbeddedBroker, cluster: str, variable: str
) -> None:
    monkeypatch.setenv("OTP_BROKER_URL", redis_server.url)
    monkeypatch.setenv("OTP_REDIS_URL", redis_server.url)
    refuse_cluster(load_settings("beat"))
    monkeypatch.setenv(variable, cluster)
    with pytest.raises(ConfigurationError, match=f"^{variable}: Redis Cluster"):
        refuse_cluster(load_settings("beat"))


def test_one_that_does_not_answer_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTP_BROKER_URL", "redis://127.0.0.1:1/0")
    refuse_cluster(load_settings("beat"))


def test_what_celery_starts_ends_in_that_sentence(cluster: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", "import otp_worker.service.application"],
        env={**os.environ, "OTP_BROKER_URL": cluster},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode == 1
    assert started.stderr.startswith("OTP_BROKER_URL: Redis Cluster")
