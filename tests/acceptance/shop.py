"""A running service as a test talks to it: an app with a key, a person with a phone."""

import itertools
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

from otp_worker.devtools.processes.stack import Stack
from otp_worker.devtools.simulator import Message
from otp_worker.store.database import Database

WITHIN_SECONDS = 30.0
HOOK_LOGIN = ("otp", "a-secret-of-the-tests-0123456789")
"""What another system shows to the hook of the running service."""

Found = TypeVar("Found")


def eventually(look: Callable[[], Found | None], seconds: float = WITHIN_SECONDS) -> Found:
    """What ``look`` finds, as soon as it finds something true; fails when the time is over."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing within {seconds} s"
        time.sleep(0.02)
    return found


# Drawn numbers repeat: among 300 of a million, two are the same in one run of 23.
_NUMBERS = itertools.count(secrets.randbelow(1_000_000))


def fresh_number() -> str:
    """A valid mobile number that this test run has not used."""
    return f"+447400{next(_NUMBERS) % 1_000_000:06d}"


def code_in(message: Message) -> str:
    """The code in an SMS."""
    found: str = re.findall(r"\b\d{6}\b", message.text)[0]
    return found


@dataclass
class Shop:
    """An app that uses the running service."""

    stack: Stack

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """One request of an app."""
        sent = {"Authorization": f"Bearer {key or self.stack.api_key}", **(headers or {})}
        return requests.request(method, self.stack.url + path, json=body, headers=sent, timeout=15)

    def send(self, number: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Ask for a code; the 202's body."""
        response = self.call("POST", "/v1/verifications", {"to": number}, headers=headers)
        assert response.status_code == 202, response.text
        body: dict[str, Any] = response.json()
        return body

    def read(self, verification: dict[str, Any]) -> dict[str, Any]:
        """A verification as it stands."""
        response = self.call("GET", f"/v1/verifications/{verification['id']}")
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def check(self, verification: dict[str, Any], code: str) -> requests.Response:
        """Judge a code."""
        return self.call("POST", f"/v1/verifications/{verification['id']}/check", {"code": code})

    def sms(self, number: str) -> Message:
        """The newest SMS to that number, as soon as there is one."""
        messages = self.stack.phone.messages
        return messages.wait_for(lambda message: message.to == number, within_seconds=WITHIN_SECONDS)

    def until(self, verification: dict[str, Any], **wanted: str) -> dict[str, Any]:
        """The verification as soon as its fields, or its delivery's, are as wanted."""

        def look() -> dict[str, Any] | None:
            found = self.read(verification)
            flat = {**found, **{f"delivery_{name}": value for name, value in found["delivery"].items()}}
            return found if all(flat[name] == value for name, value in wanted.items()) else None

        return eventually(look)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an ``otp-worker`` command in the service's environment."""
        return self.stack.command(*arguments)

    def change(self, statement: str) -> None:
        """Change the database behind the service's back, such as to let time pass."""
        with closing(self.database()) as database, database.write() as connection:
            connection.exec_driver_sql(statement)

    def database(self) -> Database:
        """A connection of the test's own; close it."""
        url = self.stack.settings["OTP_DATABASE_URL"]
        return Database(url.replace("postgresql://", "postgresql+psycopg://"))
