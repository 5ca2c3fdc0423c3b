"""A shop that has an origin to go back to."""

from typing import Any

import pytest
from falcon import App

from tests.api.client import Caller
from tests.api.entry.person import Person, made, open_shop
from tests.api.service import Service


@pytest.fixture
def origin(shop: Caller, service: Service) -> None:
    """The operator has set the shop's web origin."""
    open_shop(service, shown_name="Corner Shop")


@pytest.fixture
def link(origin: None, shop: Caller) -> dict[str, Any]:
    """A link that nobody has opened."""
    return made(shop, user="user-17")


@pytest.fixture
def person(app: "App[Any, Any]", link: dict[str, Any]) -> Person:
    """Whoever the link was made for."""
    return Person(app, link["url"])
