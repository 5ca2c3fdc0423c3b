"""A service as its settings describe it, for the command line: with a database, and a broker that is away."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from otp_worker.domain.keyring import Keyring
from otp_worker.store.database import Database
from tests.unit.cli.answers import GIVEN

SECRET = "a root secret of the tests that is long enough"


@pytest.fixture
def keyring() -> Keyring:
    """The service's keys."""
    return Keyring([SECRET])


@pytest.fixture
def database_url(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with the current schema and no rows, which the environment names."""
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'otp.db')}"
    monkeypatch.setenv("OTP_DATABASE_URL", url)
    return url


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """That database, with the rest of the service's settings in the environment."""
    for name, value in {
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": SECRET,
        "COUNTRIES": "GB",
        "PUBLIC_URL": "",
    }.items():
        monkeypatch.setenv(f"OTP_{name}", value)
    with closing(Database(database_url)) as opened:
        yield opened


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    """An answer to each question of `init`."""
    return {**GIVEN, "OTP_DATABASE_URL": f"sqlite:///{tmp_path}/otp.db"}
