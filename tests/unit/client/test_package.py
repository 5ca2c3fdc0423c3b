"""What the client offers, and what it refuses before any call."""

import inspect
import subprocess
import sys

import pytest

from otp_worker import client as package
from otp_worker.client import AsyncClient, Client
from tests.unit.client.test_clients import KEY, URL


def test_both_clients_have_the_same_methods_with_their_docstrings() -> None:
    def face(kind: type[object]) -> dict[str, tuple[str, ...]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        public = {name: method for name, method in methods if not name.startswith("_")}
        assert all(method.__doc__ for method in public.values())
        return {name: tuple(inspect.signature(method).parameters) for name, method in public.items()}

    assert face(Client) == face(AsyncClient)


@pytest.mark.parametrize(
    "url", ["", "otp.example.com", "ftp://otp.example.com", "https://", "https://x/?a=1"]
)
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ValueError, match=r"https://otp\.example\.com"):
        Client(url, KEY)


@pytest.mark.parametrize("key", ["", "two words", "otp_live_x\n", "schl\u00fcssel"])
def test_a_key_that_is_none_is_told_and_not_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="an API key is") as raised:
        Client(URL, key)
    assert not key or key not in str(raised.value)


def test_a_client_does_not_show_its_key() -> None:
    with Client(URL, KEY) as otp:
        assert KEY not in repr(otp)
        assert "otp.example.com" in repr(otp)


def test_every_name_that_is_offered_is_there() -> None:
    assert all(hasattr(package, name) for name in package.__all__)


def test_it_loads_nothing_else_of_the_service() -> None:
    program = "import sys, otp_worker.client; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    ours = {name for name in loaded if name.split(".")[0] in ("otp_worker", "api")}
    assert {name for name in ours if not name.startswith("otp_worker.client")} == {"otp_worker"}
    assert not loaded & {"falcon", "sqlalchemy", "celery", "redis", "structlog", "requests"}
