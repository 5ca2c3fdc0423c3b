"""A second factor, with Django."""

import importlib
from collections.abc import Iterator
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.management import call_command

from otp_worker.client import Client
from tests.api.examples.conftest import EXAMPLES, NUMBER, SECRET, code_of, wrong
from tests.api.service import Service

ANN = {"username": "ann", "password": "right horse"}


@pytest.fixture(scope="module", autouse=True)
def project() -> Iterator[None]:
    """The example's project, with its database in memory."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(EXAMPLES / "django_two_factor"))
        for name, value in {"OTP_URL": "http://unused", "OTP_KEY": "unused", "SECRET_KEY": SECRET}.items():
            patched.setenv(name, value)
        given = vars(importlib.import_module("settings"))
        database = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        named = {name: value for name, value in given.items() if name.isupper()}
        settings.configure(
            **{
                **named,
                "DATABASES": database,
                "ALLOWED_HOSTS": ["testserver"],
                "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
            }
        )
        django.setup()
        call_command("migrate", run_syncdb=True, verbosity=0)
        yield


@pytest.fixture
def visitor(otp: Client) -> Iterator[Any]:
    """Somebody's browser; Ann has a number, and Bob has none."""
    from django.contrib.auth import get_user_model
    from django.test import Client as Browser

    phones = importlib.import_module("two_factor.models").Phone
    ann = get_user_model().objects.create_user(**ANN)
    phones.objects.create(user=ann, number=NUMBER)
    get_user_model().objects.create_user("bob", password="right horse")
    settings.OTP_CLIENT = otp
    yield Browser()
    get_user_model().objects.all().delete()


def text_of(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def test_only_password_and_code_together_sign_in(visitor: Any, service: Service) -> None:
    page = visitor.post("/sign-in", ANN, follow=True)
    assert "one-time-code" in text_of(page)
    assert visitor.get("/").status_code == 302
    code = code_of(service)
    assert "4 tries are left" in text_of(visitor.post("/sign-in/code", {"code": wrong(code)}))
    assert text_of(visitor.post("/sign-in/code", {"code": code}, follow=True)) == "Welcome, ann."


def test_a_wrong_password_sends_nothing(visitor: Any, service: Service) -> None:
    visitor.post("/sign-in", {**ANN, "password": "wrong"})
    assert service.count("verifications") == 0
    assert visitor.get("/sign-in/code").status_code == 302


def test_who_has_no_number_is_not_let_in_without_a_code(visitor: Any) -> None:
    page = visitor.post("/sign-in", {**ANN, "username": "bob"}, follow=True)
    assert "No number is known" in text_of(page)
    assert visitor.get("/").status_code == 302


def test_what_is_wrong_is_told_to_the_person(visitor: Any, service: Service) -> None:
    visitor.post("/sign-in", ANN)
    code_of(service)
    assert "again from 12:00:30Z" in text_of(visitor.post("/sign-in", ANN))
    visitor.post("/sign-in/code", {"code": "not a code"})
    service.clock.move(900)
    assert "code is over" in text_of(visitor.post("/sign-in/code", {"code": "123456"}, follow=True))
