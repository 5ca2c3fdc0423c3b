"""Sign in by phone number, with Flask."""

from typing import Any

import pytest

from otp_worker.client import Client
from tests.api.examples.conftest import NUMBER, SECRET, code_of, load, wrong
from tests.api.service import Service


@pytest.fixture
def visitor(otp: Client) -> Any:
    """Somebody's browser."""
    return load("flask_sign_in/app.py").create_app(otp, SECRET).test_client()


def enter(visitor: Any, code: str) -> str:
    text: str = visitor.post("/code", data={"code": code}, follow_redirects=True).text
    return text


def test_who_enters_the_code_is_signed_in(visitor: Any, service: Service) -> None:
    page = visitor.post("/send", data={"number": NUMBER}, follow_redirects=True).text
    assert "one-time-code" in page
    code = code_of(service)
    assert "4 tries are left" in enter(visitor, wrong(code))
    assert f"signed in as {NUMBER}" in enter(visitor, f"{code[:3]} {code[3:]}")


def test_what_is_wrong_is_told_to_the_person(visitor: Any, service: Service) -> None:
    wrong_number = visitor.post("/send", data={"number": "+4420"}, follow_redirects=True).text
    assert 'role="alert"' in wrong_number
    assert "Your mobile number" in wrong_number
    visitor.post("/send", data={"number": NUMBER})
    code_of(service)
    too_soon = visitor.post("/send", data={"number": NUMBER}, follow_redirects=True).text
    assert "again from 12:00:30Z" in too_soon


def test_without_a_code_asked_for_nobody_gets_in(visitor: Any, service: Service) -> None:
    assert "Your mobile number" in enter(visitor, "123456")
    visitor.post("/send", data={"number": NUMBER})
    code = code_of(service)
    service.clock.move(900)
    assert "Ask for a new one" in enter(visitor, code)
    assert "Your mobile number" in enter(visitor, code)
