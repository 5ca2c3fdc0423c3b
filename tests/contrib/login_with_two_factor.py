"""A project with the real django-two-factor-auth: somebody signs in by the code of an SMS that we send.

A program of its own: a process has one Django project, and another test has one. Its argument is a database.
"""

import re
import sys
from contextlib import closing
from typing import Any

import django
import httpx
from django.conf import settings
from django.core.management import call_command

from api.app import create_app
from otp_worker.client import Client
from otp_worker.domain.app import KeyScope
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.store.database import Database
from tests.api.service import Service
from tests.contract.service import NUMBER

ANN = {"username": "ann", "password": "right horse"}


APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "two_factor",
    "two_factor.plugins.phonenumber",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def configure(otp: Client) -> None:
    """Set the project up, its database in memory."""
    settings.configure(
        SECRET_KEY="of the tests",
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF="tests.contrib.two_factor_urls",
        LOGIN_URL="two_factor:login",
        LOGIN_REDIRECT_URL="two_factor:profile",
        INSTALLED_APPS=APPS,
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django_otp.middleware.OTPMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=TEMPLATES,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        USE_TZ=True,
        TWO_FACTOR_SMS_GATEWAY="otp_worker.contrib.django_two_factor.Gateway",
        OTP_CLIENT=otp,
        OTP_WORDS="Your code for Corner Shop is {code}",
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


def sign_in(service: Service) -> None:
    """Sign Ann in, by her password and by the code of the SMS."""
    from django.contrib.auth import get_user_model
    from django.test import Client as Browser
    from django.urls import reverse
    from django_otp.util import random_hex

    ann = get_user_model().objects.create_user(**ANN)
    ann.phonedevice_set.create(name="default", number=NUMBER, method="sms", key=random_hex())
    browser, login = Browser(), reverse("two_factor:login")

    def step(name: str, **fields: str) -> Any:
        given = {f"{name}-{field}": value for field, value in fields.items()}
        return browser.post(login, {"login_view-current_step": name, **given})

    step("auth", **ANN)
    service.deliver_queued()
    (message,) = service.gateway.messages
    assert message.to == NUMBER, message.to
    found = re.fullmatch(r"Your code for Corner Shop is (\d{6})", message.text)
    assert found is not None, message.text
    wrong = str((int(found[1]) + 1) % 10**6).zfill(6)
    assert step("token", otp_token=wrong).status_code == 200
    assert "_auth_user_id" not in browser.session
    ann.phonedevice_set.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert step("token", otp_token=found[1]).status_code == 302
    assert browser.session["_auth_user_id"] == str(ann.pk)


def main(url: str) -> None:
    """Run the project over that database."""
    with closing(Database(url)) as db:
        service = Service(db)
        service.announce_seal_keys()
        key = ApiKeys(db).create("shop", service.clock(), scopes=frozenset({KeyScope.MESSAGE}))
        http = httpx.Client(transport=httpx.WSGITransport(app=create_app(service.intake())))
        with http, Client("http://otp.example.com", key, http=http) as otp:
            configure(otp)
            sign_in(service)


if __name__ == "__main__":
    main(sys.argv[1])
