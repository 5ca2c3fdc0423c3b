"""What an endpoint is posted: an event's body, and the headers that prove its origin (Standard Webhooks)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from otp_worker.domain.endpoint import Endpoint
from otp_worker.domain.endpoint_secrets import EndpointSecrets
from otp_worker.domain.public_reason import public_reason
from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store.endpoint_runs import DueEvent

LONGEST_TEXT = 1500
"""So much of a reply is told: a body stays below 20 kB."""
_TIME = "its time was over"
_REASONS = {
    "unreachable": "the gateway reports this number as unreachable",
    "undelivered": "the gateway reports it as not delivered",
}


def body_of(due: DueEvent, endpoint: Endpoint) -> bytes:
    """The body: what happened, when, and to which verification or message. It never holds a code."""
    event = due.event
    body = {"type": event.type, "timestamp": event.at.isoformat(), "data": _data(due, endpoint)}
    return json.dumps(body, ensure_ascii=False).encode()


def headers_of(
    event_id: str, body: bytes, endpoint: Endpoint, secrets: EndpointSecrets, now: datetime
) -> dict[str, str]:
    """The headers of one attempt. While a secret is being replaced, the one before signs too."""
    until = endpoint.previous_secret_until
    keys = [secrets.current]
    if secrets.previous and until is not None and until > now:
        keys.append(secrets.previous)
    text = body.decode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(event_id, now, text) for key in keys),
    }


def _data(due: DueEvent, endpoint: Endpoint) -> Mapping[str, object]:
    if due.subject is None:
        return {"endpoint": endpoint.id, "app": endpoint.app}
    row = due.subject
    data: dict[str, object] = {
        "id": due.event.verification_id,
        "to": row.number_masked,
        "country": row.country,
        "channel": row.channel,
        "user": row.user,
        "purpose": row.purpose,
        "client_reference": row.client_reference,
        "tags": dict(row.tags or {}),
    }
    if endpoint.clear_numbers:
        # None once the number is forgotten.
        data["number"] = row.number
    return data | _particulars(row)


def _particulars(row: Any) -> dict[str, object]:
    """What only some events tell of."""
    match row.kind:
        case StepKind.TAKEN | StepKind.RECEIPT:
            told: dict[str, object] = {"sms": row.delivery_number}
            return told if row.outcome not in _REASONS else told | {"reason": _REASONS[row.outcome]}
        case StepKind.CHECK:
            return {"checks_left": row.left} | ({"reason": "the number is locked"} if _locked(row) else {})
        case StepKind.ENDED:
            return {"status": row.outcome, "reason": _reason(row)}
        case StepKind.REPLY:
            return {"text": row.text[:LONGEST_TEXT] if row.text else None}
        case _:
            return {}


def _locked(row: Any) -> bool:
    return bool(row.outcome == "locked")


def _reason(row: Any) -> str | None:
    """Why it ended, as an app may know it."""
    if row.outcome == VerificationStatus.MAX_CHECKS_REACHED:
        return "too many wrong codes"
    # Only what failed for a cause that apps do not know has words of its own.
    is_failed = row.outcome == VerificationStatus.FAILED
    said = public_reason(DeliveryStatus.FAILED if is_failed else DeliveryStatus.SENT, row.detail)
    return said or (_TIME if row.outcome == VerificationStatus.EXPIRED else None)
