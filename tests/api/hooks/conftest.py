"""A service with a hook for each system, and those systems."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from falcon import App

from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.service.hooks_file import read_hooks
from otp_worker.store.database import Database
from tests.api.client import Caller
from tests.api.service import Service

Configure = Callable[[str], None]


@pytest.fixture
def service(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Service]:
    """The service, which sends to a number twice a minute at most."""
    path = shutil.copy(migrated_sqlite, tmp_path / "otp.db")
    with closing(Database(f"sqlite:///{path}")) as db:
        yield Service(db, {Limit.NUMBER: parse_rates("1/30s")})


@pytest.fixture
def configure(service: Service, tmp_path: Path) -> Configure:
    """Puts the hooks of a hooks file into the service, whose workers can open what is sealed."""
    service.announce_seal_keys()

    def read(text: str) -> None:
        path = tmp_path / "hooks.toml"
        path.write_text(text)
        service.hooks.update(read_hooks(path))

    return read


@pytest.fixture
def system(app: "App[Any, Any]") -> Caller:
    """Another system: it has no API key."""
    return Caller(app)
