"""An app that speaks to the simulated SMSGate."""

from typing import Any

import requests

from otp_worker.devtools.simulator import Simulator
from tests.devtools.simulator.rehearsal import NUMBER

KEY = "sms:a-long-password"
MESSAGE = {"textMessage": {"text": "Your code is 123456"}, "phoneNumbers": [NUMBER]}


def ask(simulator: Simulator, method: str, path: str, body: object = None) -> requests.Response:
    """A request with the right key."""
    user, _, password = KEY.partition(":")
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            method, simulator.url + path, json=body, auth=(user, password), timeout=10, allow_redirects=False
        )


def send(simulator: Simulator, query: str = "", **fields: Any) -> requests.Response:
    """POST a message; fields override a valid one's."""
    return ask(simulator, "POST", f"/messages{query}", MESSAGE | fields)


def state(simulator: Simulator, message_id: str) -> dict[str, Any]:
    """A message as the vendor shows it."""
    answer = ask(simulator, "GET", f"/messages/{message_id}")
    assert answer.status_code == 200
    shown: dict[str, Any] = answer.json()
    return shown


def register(simulator: Simulator, event: str, url: str, **fields: object) -> str:
    """Register a webhook for an event; the webhook's id."""
    answer = ask(simulator, "POST", "/webhooks", {"event": event, "url": url, **fields})
    assert answer.status_code == 201
    return str(answer.json()["id"])
