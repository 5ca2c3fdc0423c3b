"""What the app SMSGate posts, and how it is read."""

import json
from datetime import UTC, datetime

from otp_worker.domain.gateway import CallbackRequest, Receipt, Reply
from otp_worker.gateways.smsgate import SmsGate

SECRET = "key-of-the-app"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ARABIC = str(int(NOW.timestamp())).translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
BODY = b'{"event" : "sms:sent"}\n'
REFERENCE = "ver_01JZZZZZZZZZZZZZZZZZZZZZZZ.1"
NUMBER = "+447400123456"
SIM_NUMBER = "+447700900000"


# As the app posts it; it gives one SMS the same messageId however often it posts it.
RECEIVED: dict[str, object] = {
    "messageId": "a80532bb",
    "message": "STOP",
    "sender": NUMBER,
    "recipient": SIM_NUMBER,
    "phoneNumber": NUMBER,
    "simNumber": 1,
    "receivedAt": "2026-03-01T13:00:00.000+01:00",
}


def opened(secret: str | None = SECRET) -> SmsGate:
    return SmsGate("tried", "http://gateway.invalid", "sms:a-long-password", webhook_secret=secret)


def read(body: object) -> list[Receipt | Reply]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return opened().read_callback(CallbackRequest({}, raw))


def told(event: object, payload: object) -> list[Receipt | Reply]:
    return read({"id": "an event's", "webhookId": "a hook's", "event": event, "payload": payload})


def received(**changes: object) -> Reply:
    (reply,) = told("sms:received", {**RECEIVED, **changes})
    assert isinstance(reply, Reply)
    return reply
