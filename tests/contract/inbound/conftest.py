"""Fixtures for what comes in."""

import pytest

from tests.contract.inbound.people import People
from tests.contract.service import Service


@pytest.fixture
def people(service: Service) -> People:
    return People(service)
