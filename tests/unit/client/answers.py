"""What the service answers, as the client gets it."""

import json
from typing import Any

from otp_worker.client.answers import Answer

INSTANT = "2026-03-01T12:00:00Z"
VERIFICATION: dict[str, Any] = {
    "id": "ver_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F",
    "status": "pending",
    "reason": None,
    "to": "+44********56",
    "user": "user-17",
    "channel": "sms",
    "delivery": {
        "status": "queued",
        "attempts": 0,
        "gateway": None,
        "reason": None,
        "next_attempt_at": INSTANT,
        "deadline_at": INSTANT,
        "sent_at": None,
        "delivered_at": None,
        "wait": None,
    },
    "checks_left": 5,
    "created_at": INSTANT,
    "expires_at": INSTANT,
    "resend_at": INSTANT,
    "ended_at": None,
}
ACCEPTED = {**VERIFICATION, "resent": False, "inbound": None, "limits": []}
MESSAGE = {
    **{
        name: value
        for name, value in VERIFICATION.items()
        if name not in ("channel", "checks_left", "resend_at")
    },
    "priority": "code",
    "client_reference": None,
    "tags": {},
}
CHECKED = {"id": VERIFICATION["id"], "status": "approved", "valid": True, "checks_left": 4}


def answer(status: int, body: object, **headers: str) -> Answer:
    """A JSON answer."""
    return Answer(status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode())


def problem(status: int, code: str, retry_after: str | None = None, **members: object) -> Answer:
    """A problem document."""
    body = {
        "type": f"urn:otp-worker:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": "What happened, and what to do.",
        **members,
    }
    after = {} if retry_after is None else {"Retry-After": retry_after}
    return Answer(status, {"Content-Type": "application/problem+json", **after}, json.dumps(body).encode())
