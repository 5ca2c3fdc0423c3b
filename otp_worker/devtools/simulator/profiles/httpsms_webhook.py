"""What httpSMS posts: CloudEvents under a token that is signed for ten minutes (`webhook_service.go`)."""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import datetime, timedelta

from ..messages import Message, Reply, instant
from ..outbound import Event
from ..phone import Webhook

USER = "user_simulated"
TOKEN_LIFE = timedelta(minutes=10)

INBOUND_EVENT = "message.phone.received"
RECEIPT_EVENTS = {
    "sent": "message.phone.sent",
    "delivered": "message.phone.delivered",
    "failed": "message.send.failed",
    "expired": "message.send.expired",
}


def message_id(message: Message) -> str:
    """The UUID that the vendor knows a message by."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, message.id))


def told_of(message: Message, owner: str, status: str, at: datetime) -> dict[str, object]:
    """What is told of a message that was sent, delivered, failed or expired; its text is among it."""
    told: dict[str, object] = {
        "message_id" if status == "expired" else "id": message_id(message),
        "owner": owner,
        "contact": message.to,
        "request_id": message.ref,
        "user_id": USER,
        "encrypted": False,
        "timestamp": instant(at),
        "content": message.text,
        "sim": "SIM1",
    }
    if status == "failed":
        told["error_message"] = "GENERIC_FAILURE"
    if status == "expired":
        told |= {"send_attempt_count": 1, "is_final": False}
    return told


def told_of_reply(reply: Reply, owner: str) -> dict[str, object]:
    """What is told of an SMS that came in."""
    return {
        "message_id": str(uuid.uuid4()),
        "user_id": USER,
        "owner": owner,
        "encrypted": False,
        "contact": f"+{reply.number}",
        "timestamp": instant(reply.received_at),
        "content": reply.text,
        "sim": "SIM1",
        "attachments": [],
    }


def cloud_event(
    webhook: Webhook | None, secret: str | None, kind: str, told: dict[str, object], at: datetime
) -> Event | None:
    """An event to be posted; None where no webhook is registered."""
    if webhook is None or not webhook.enabled:
        return None
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/v1/messages",
        "type": kind,
        "datacontenttype": "application/json",
        "time": instant(at),
        "data": told,
    }
    headers = {"Content-Type": "application/json", "X-Event-Type": kind}
    if secret is not None:
        headers["Authorization"] = f"Bearer {token(secret, webhook.url, at)}"
    return Event(webhook.url, json.dumps(event).encode(), headers)


def token(secret: str, audience: str, at: datetime) -> str:
    """A token as the vendor makes it: HS256, good for ten minutes before and after `at`."""
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {
        "iss": "api.httpsms.com",
        "sub": USER,
        "aud": [audience],
        "iat": int(at.timestamp()),
        "nbf": int((at - TOKEN_LIFE).timestamp()),
        "exp": int((at + TOKEN_LIFE).timestamp()),
    }
    signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{_base64(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def _base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
