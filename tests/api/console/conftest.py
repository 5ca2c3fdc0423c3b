"""The console over SQLite, and operators who look at it."""

import pytest
from falcon.testing import TestClient

from api.console.app import create_console
from api.console.sessions import Sessions
from tests.api.console.visitor import LOGINS, Visitor
from tests.api.service import Service


@pytest.fixture
def console(service: Service) -> TestClient:
    """A browser that nobody has signed in with."""
    return TestClient(create_console(service.intake(), Sessions(service.keyring, LOGINS)))


@pytest.fixture
def stranger_at_console(console: TestClient) -> Visitor:
    """Somebody who knows no password."""
    return Visitor(console)


@pytest.fixture
def operator(console: TestClient) -> Visitor:
    """Ann, signed in."""
    visitor = Visitor(console)
    visitor.sign_in()
    return visitor
