"""One code on its way: asked for, handed to the phone, read there, and checked."""

import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import requests

from otp_worker.devtools.demo.errors import HopError
from otp_worker.devtools.demo.readiness import local_session

_HOP_SECONDS = 10
_POLL_SECONDS = 0.01
_ANSWER_SECONDS = 15

Found = TypeVar("Found")


class Journey:
    """One verification of one number, as an app team's backend would see it.

    Its methods, in order, are the hops; each raises HopError or requests.RequestException.
    """

    def __init__(self, url: str, phone_urls: list[str], api_key: str, number: str) -> None:
        self._url = f"{url}/v1/verifications"
        self._messages_urls = [f"{each}/sim/messages" for each in phone_urls]
        self._number = number
        self._phone = local_session()
        self._session = local_session()
        self._session.headers["Authorization"] = f"Bearer {api_key}"

    def accept(self) -> dict[str, Any]:
        """Ask for a code; returns the verification that was accepted."""
        answer = self._session.post(self._url, json={"to": self._number}, timeout=_ANSWER_SECONDS)
        return _body(answer, HTTPStatus.ACCEPTED)

    def hand_over(self, verification_id: str) -> dict[str, Any]:
        """Wait until the gateway has taken the message; returns the delivery."""
        return _await(lambda: self._sent(verification_id))

    def read(self) -> str:
        """Wait until a phone has sent the SMS; returns its text."""
        return _await(self._text)

    def check(self, verification_id: str, code: str) -> dict[str, Any]:
        """Check the code; returns the verdict."""
        answer = self._session.post(
            f"{self._url}/{verification_id}/check", json={"code": code}, timeout=_ANSWER_SECONDS
        )
        verdict = _body(answer, HTTPStatus.OK)
        if verdict["status"] != "approved":
            raise HopError(f"the check answered {verdict}")
        return verdict

    def _sent(self, verification_id: str) -> tuple[dict[str, Any] | None, str]:
        answer = self._session.get(f"{self._url}/{verification_id}", timeout=_ANSWER_SECONDS)
        verification = _body(answer, HTTPStatus.OK)
        delivery: dict[str, Any] = verification["delivery"]
        if verification["status"] != "pending":
            raise HopError(f"the verification has ended: {verification}")
        taken = delivery["status"] in ("sent", "delivered")
        return delivery if taken else None, f"the delivery is {delivery}"

    def _text(self) -> tuple[str | None, str]:
        messages = [message for url in self._messages_urls for message in self._messages(url)]
        sent = [message["text"] for message in messages if message["sent_at"]]
        return sent[-1] if sent else None, f"the phone has {messages}"

    def _messages(self, url: str) -> list[dict[str, Any]]:
        answer = self._phone.get(url, params={"to": self._number}, timeout=_ANSWER_SECONDS)
        messages: list[dict[str, Any]] = _body(answer, HTTPStatus.OK)["messages"]
        return messages


def code_in(text: str) -> str:
    """The code in an SMS. Raises HopError."""
    if found := re.search(r"\b[0-9]{4,10}\b", text):
        return found[0]
    raise HopError(f"there is no code in the SMS {text!r}")


def _body(answer: requests.Response, wanted: int) -> dict[str, Any]:
    if answer.status_code != wanted:
        asked = f"{answer.request.method} {answer.url}"
        raise HopError(f"{asked} answered {answer.status_code}: {answer.text[:500]}")
    body: dict[str, Any] = answer.json()
    return body


def _await(look: Callable[[], tuple[Found | None, str]]) -> Found:
    """Look until there is something. Raises HopError with what was seen last when the time is over."""
    deadline = time.monotonic() + _HOP_SECONDS
    while True:
        found, seen = look()
        if found is not None:
            return found
        if time.monotonic() >= deadline:
            raise HopError(f"nothing within {_HOP_SECONDS} s; {seen}")
        time.sleep(_POLL_SECONDS)
