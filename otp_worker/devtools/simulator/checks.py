"""Checking a code for the person at the phone, as an app with a key of its own would.

Only a demo gives a simulator that key. It stays in this process, and serves codes that this phone was sent.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import requests

from .exchange import Issue, ValidationError
from .kinds import is_web_address
from .messages import Message

TIMEOUT_SECONDS = 10.0
_CODE = re.compile(r"(?<!\d)\d{4,10}(?!\d)")
_REFERENCE = re.compile(r"(ver_[0-9A-Z]{26})\.\d+")


class NoAnswerError(Exception):
    """The app's service did not answer, or not in JSON."""


def code_in(text: str) -> str | None:
    """The code in an SMS, None where there is none."""
    found = _CODE.search(text)
    return found[0] if found else None


def verification_of(message: Message) -> str | None:
    """The verification that a message was sent for, None where its reference does not tell."""
    found = _REFERENCE.fullmatch(message.ref or "")
    return found[1] if found else None


@dataclass(frozen=True)
class App:
    """The service on this machine that the codes come from, and a key to check them with.

    Raises ValidationError for a URL that leads off this machine: the key and the codes go there.
    """

    url: str
    key: str

    def __post_init__(self) -> None:
        if not is_web_address(self.url) or not is_loopback(urlsplit(self.url).hostname):
            raise ValidationError(Issue("app-url", "must be an http or https URL of this machine"))

    def check(self, message: Message, code: str | None) -> dict[str, object]:
        """Check a code, else the one in the message; what was answered, and its status.

        Raises ValidationError where there is nothing to check, and NoAnswerError.
        """
        verification, code = verification_of(message), code or code_in(message.text)
        if verification is None or code is None:
            raise ValidationError(Issue("message", "has no code of a verification"))
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.post(
                    f"{self.url.rstrip('/')}/v1/verifications/{quote(verification)}/check",
                    json={"code": code},
                    headers={"Authorization": f"Bearer {self.key}"},
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
                return {"answered": answer.status_code, "body": answer.json()}
            except requests.RequestException as error:
                raise NoAnswerError(f"the service at {self.url} does not answer") from error


def is_loopback(host: str | None) -> bool:
    """Whether a name or an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
