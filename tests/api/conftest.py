"""The intake over SQLite, and those who call it."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog
from falcon import App

from api.app import create_app
from otp_worker.store.database import Database
from tests.api.client import Caller
from tests.api.gateway import CallingGateway
from tests.api.service import OUR_URL, Service
from tests.contract.service import NUMBER


@pytest.fixture
def service(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Service]:
    """The service on a database of its own, at noon, its gateway taking every message."""
    path = shutil.copy(migrated_sqlite, tmp_path / "otp.db")
    with closing(Database(f"sqlite:///{path}")) as db:
        yield Service(db)


@pytest.fixture
def app(service: Service) -> "App[Any, Any]":
    """The WSGI application, with the entry page."""
    return create_app(service.intake(), entry_url=OUR_URL)


@pytest.fixture(autouse=True)
def logged(service: Service) -> Iterator[list[Any]]:
    """Every line that is logged; in the end, none of them holds a number or a code."""
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        yield lines
    for secret in (NUMBER[1:], *service.gateway.codes):
        assert secret not in str([{**line, "request_id": ""} for line in lines])


@pytest.fixture
def shop(app: "App[Any, Any]", service: Service) -> Caller:
    """An app with a live key."""
    return Caller(app, service.key("shop"))


@pytest.fixture
def bank(app: "App[Any, Any]", service: Service) -> Caller:
    """Another app with a live key."""
    return Caller(app, service.key("bank"))


@pytest.fixture
def admin(app: "App[Any, Any]", service: Service) -> Caller:
    """The operator."""
    return Caller(app, service.admin_key())


@pytest.fixture
def rehearsing(app: "App[Any, Any]", service: Service) -> Caller:
    """The first app again, with a test key."""
    return Caller(app, service.key("shop", test=True))


@pytest.fixture
def stranger(app: "App[Any, Any]") -> Caller:
    """Somebody without a key: a browser, a gateway, a load balancer."""
    return Caller(app)


@pytest.fixture
def gateway(stranger: Caller, service: Service) -> CallingGateway:
    """The gateway, calling back."""
    return CallingGateway(stranger, service)


@pytest.fixture
def sent(shop: Caller, service: Service) -> str:
    """The id of a verification whose SMS the gateway took."""
    verification_id = shop.sent()
    service.deliver_queued()
    return verification_id
