"""A service as its settings describe it, for the command line: with a database, and a broker that is away."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from otp_worker.domain.keyring import Keyring
from otp_worker.store.database import Database

SECRET = "a root secret of the tests that is long enough"


@pytest.fixture
def keyring() -> Keyring:
    """The service's keys."""
    return Keyring([SECRET])


@pytest.fixture
def database(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The service's database, of which the environment of this test speaks."""
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'otp.db')}"
    for name, value in {
        "DATABASE_URL": url,
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": SECRET,
        "COUNTRIES": "GB",
        "PUBLIC_URL": "",
    }.items():
        monkeypatch.setenv(f"OTP_{name}", value)
    with closing(Database(url)) as opened:
        yield opened
