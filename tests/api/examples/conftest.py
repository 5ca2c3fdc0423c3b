"""The examples of ``deploy/examples``, each over the application itself."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from falcon import App

from otp_worker.client import Client
from tests.api.service import Service

EXAMPLES = Path(__file__).parents[3] / "deploy" / "examples"
SECRET = "a secret of the tests"
NUMBER = "+447400123456"


def load(path: str) -> ModuleType:
    """An example's module."""
    spec = importlib.util.spec_from_file_location(f"example_{path.partition('/')[0]}", EXAMPLES / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Annotations are looked up by the module's name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def otp(app: "App[Any, Any]", service: Service) -> Iterator[Client]:
    """A client whose network is the application."""
    with httpx.Client(transport=httpx.WSGITransport(app=app)) as http:
        yield Client("http://otp.example.com", service.key("shop"), http=http)


def code_of(service: Service) -> str:
    """The code in the newest SMS, after the phone got it."""
    service.deliver_queued()
    return service.gateway.codes[-1]


def wrong(code: str) -> str:
    """Another code of the same length."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
