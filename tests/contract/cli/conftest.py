"""An environment for the commands that look at everything."""

from pathlib import Path

import pytest

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
        "CONSOLE_AUTH": "operator:watching-console",
    }.items():
        monkeypatch.setenv(f"OTP_{name}", value)
    return monkeypatch
