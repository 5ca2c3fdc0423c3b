"""SMSGate's webhooks: one for each event, registered by its API, and what the app posts to them."""

import hashlib
import hmac
import json
import secrets
from datetime import datetime
from typing import Final

from ..exchange import Answer, Issue, ValidationError, json_answer, json_object
from ..kinds import is_web_address
from ..messages import Message, Reply, instant
from ..outbound import Event
from ..phone import Phone
from .smsgate_requests import DEVICE, wants_this_phone

EVENTS: Final = (
    *("sms:received", "sms:data-received", "sms:sent", "sms:delivered", "sms:failed", "sms:cancelled"),
    *("mms:received", "mms:downloaded", "system:ping", "app:started"),
)
RECEIPTS: Final = {
    "sent": ("sms:sent", "sentAt"),
    "delivered": ("sms:delivered", "deliveredAt"),
    "failed": ("sms:failed", "failedAt"),
    "undelivered": ("sms:failed", "failedAt"),
}


class Webhooks:
    """Who hears of an event: its newest webhook (the app posts to all of them), else the simulator's own."""

    def __init__(self, phone: Phone, secret: str | None) -> None:
        self._phone = phone
        self._secret = secret
        self._registered: dict[str, dict[str, object]] = {}

    def answer(self, method: str, path: str, body: bytes) -> Answer | None:
        """The answer to a request under `/webhooks`; None where it is not one."""
        match method, path:
            case "POST", "/webhooks":
                return self._register(json_object(body))
            case "GET", "/webhooks":
                return json_answer(200, list(self._registered.values()))
            case "DELETE", _ if path.startswith("/webhooks/"):
                self._registered.pop(path.removeprefix("/webhooks/"), None)
                return Answer(204)
        return None

    def receipt(self, message: Message, status: str, at: datetime) -> Event | None:
        """How far a message came; None where nobody hears of it."""
        if status not in RECEIPTS:
            return None
        event, instant_name = RECEIPTS[status]
        payload: dict[str, object] = {
            "messageId": message.id,
            "sender": f"+{self._phone.number}",
            "recipient": message.to,
            "simNumber": int(message.sim or 1),
            "phoneNumber": message.to,
            instant_name: instant(at),
        }
        if event == "sms:sent":
            payload["partsCount"] = 1
        if event == "sms:failed":
            payload["reason"] = "Send result: a guess" if message.sent_at else "TTL expired"
        return self._event(event, payload, at)

    def reply(self, reply: Reply) -> Event | None:
        """An SMS that came in; None where nobody hears of it."""
        sender = f"+{reply.number}"
        said = json.dumps([sender, instant(reply.received_at), reply.text]).encode()
        payload: dict[str, object] = {
            "messageId": hashlib.sha256(said).hexdigest()[:8],
            "sender": sender,
            "recipient": f"+{self._phone.number}",
            "simNumber": 1,
            "phoneNumber": sender,
            "message": reply.text,
            "receivedAt": instant(reply.received_at),
        }
        return self._event("sms:received", payload, reply.received_at)

    def _register(self, asked: dict[str, object]) -> Answer:
        checks = {
            "url": (is_web_address(asked.get("url")), "must be a URL"),
            "event": (asked.get("event") in EVENTS, "must be an event"),
            "deviceId": (wants_this_phone(asked), "record not found"),
        }
        issues = [Issue(name, message) for name, (holds, message) in checks.items() if not holds]
        if issues:
            raise ValidationError(*issues)
        webhook_id = str(asked.get("id") or _nanoid())
        webhook = {
            "id": webhook_id,
            "deviceId": asked.get("deviceId"),
            "url": asked["url"],
            "event": asked["event"],
        }
        self._registered[webhook_id] = webhook
        return json_answer(201, webhook)

    def _event(self, event: str, payload: dict[str, object], at: datetime) -> Event | None:
        hears = [each for each in list(self._registered.values()) if each["event"] == event]
        own = self._phone.webhook
        if hears:
            webhook_id, url = str(hears[-1]["id"]), str(hears[-1]["url"])
        elif own is not None and own.enabled:
            webhook_id, url = "simulated", own.url
        else:
            return None
        told = {
            "id": _nanoid(),
            "webhookId": webhook_id,
            "event": event,
            "deviceId": DEVICE,
            "payload": payload,
        }
        body = json.dumps(told).encode()
        return Event(url, body, {"Content-Type": "application/json", **self._signed(body, at)})

    def _signed(self, body: bytes, at: datetime) -> dict[str, str]:
        """The headers that sign a post; the app makes them anew for each, the simulator for each event."""
        if self._secret is None:
            return {}
        timestamp = str(int(at.timestamp()))
        return {"X-Timestamp": timestamp, "X-Signature": sign(self._secret, body, timestamp)}


def sign(secret: str, body: bytes, timestamp: str) -> str:
    """`X-Signature`: the hex HMAC-SHA256 of the raw body and the timestamp behind it."""
    return hmac.new(secret.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()


def _nanoid() -> str:
    return secrets.token_urlsafe(16)[:21]
