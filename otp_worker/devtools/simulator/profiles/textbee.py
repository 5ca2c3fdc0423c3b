"""textbee as its source says it answers (vernu/textbee, `api/src`), with its guesses marked."""

import hashlib
import hmac
import json
import uuid
from datetime import datetime, timedelta
from typing import Final

from ..exchange import Answer, Issue, Request, ValidationError, error_answer, json_answer, json_object
from ..knobs import Knobs
from ..messages import Draft, Message, Reply, instant
from ..outbound import Event
from .profile import OnePhone, answer_send

DEVICE: Final = "5f0000000000000000000001"
SUBSCRIPTION: Final = "5f0000000000000000000002"
DEVICES = "/api/v1/gateway/devices"
STALE = timedelta(hours=2)
BANNED = "Sorry, we cannot process your request at the moment"

EVENTS = {"sent": "MESSAGE_SENT", "delivered": "MESSAGE_DELIVERED", "failed": "MESSAGE_FAILED"}


class Textbee(OnePhone):
    """Answers the vendor's API for one phone and one key; what it cannot send waits for the phone.

    It queues, as the hosted service does. A batch's id is its message's: 24 hexadecimal characters both.
    """

    base = "/api/v1"
    tells_of_phone: frozenset[str] = frozenset({"battery", "seen"})

    def answer(self, request: Request) -> Answer:
        """The answer to a request under `/api/v1`, with how it is to leave."""
        if not hmac.compare_digest(request.headers.get("x-api-key", "").encode(), self._key):
            return error_answer(401, "Unauthorized")
        if request.method == "GET" and request.path == DEVICES:
            return json_answer(200, {"data": [self._shown_device()]})
        device, _, path = request.path.removeprefix(f"{DEVICES}/").partition("/")
        if device != DEVICE:
            return error_answer(404, "Device not found")
        if request.method == "POST" and path == "send-sms":
            return answer_send(self._knobs, _hindered, lambda knobs: self._take(request, knobs), _bad_request)
        if request.method == "GET" and path.startswith("sms-batch/"):
            return self._show(path.removeprefix("sms-batch/"))
        return error_answer(404, "Not Found")

    def receipt(self, message: Message, status: str, at: datetime) -> Event | None:
        """What becomes of a message; the vendor's posts carry its text."""
        if status not in EVENTS:
            return None
        told: dict[str, object] = {"smsBatchId": batch_id(message), "status": status, "recipient": message.to}
        if status == "failed":
            told |= {"errorCode": "1", "errorMessage": "SMS failed on device.", "failedAt": instant(at)}
        else:
            told["sentAt"] = instant(message.sent_at or at)
        if status == "delivered":
            told["deliveredAt"] = instant(at)
        return self._event(EVENTS[status], message.text, told)

    def reply(self, reply: Reply) -> Event | None:
        """An SMS that came in."""
        told: dict[str, object] = {"sender": f"+{reply.number}", "receivedAt": instant(reply.received_at)}
        return self._event("MESSAGE_RECEIVED", reply.text, told)

    def _take(self, request: Request, knobs: Knobs) -> Answer:
        draft = _draft(json_object(request.body))
        if knobs.refuses(draft.to):
            # A guess: the vendor looks at no number, and its phone reports the failure.
            raise ValidationError(Issue("recipients", "Invalid recipients"))
        if knobs.suspended:
            return json_answer(500, {"message": BANNED})
        message = self._phone.take(draft, knobs, away=lambda: self._knobs.now.offline)
        queued = {
            "success": True,
            "message": "SMS added to queue for processing",
            "smsBatchId": batch_id(message),
            "recipientCount": 1,
        }
        return json_answer(201, {"data": queued})

    def _show(self, asked: str) -> Answer:
        """A batch, as far as its message came; that of one without receipts is a guess."""
        for message in self._phone.messages:
            if batch_id(message) == asked:
                reached = list(message.states)[-1] if message.states else "sent"
                status = reached if message.sent_at else "dispatched"
                sms = {"smsBatch": asked, "recipient": message.to, "message": message.text, "status": status}
                batch = {"_id": asked, "recipientCount": 1, "status": "completed"}
                return json_answer(200, {"data": {"batch": batch, "messages": [sms]}})
        return json_answer(404, {"success": False, "error": "SMS batch not found"})

    def _shown_device(self) -> dict[str, object]:
        """The phone; a heartbeat while it is away is two hours old (a guess)."""
        seen_at = self._phone.now() - (STALE if self._knobs.now.unseen else timedelta())
        return {
            "_id": DEVICE,
            "enabled": True,
            "name": "Simulated phone",
            "lastHeartbeat": instant(seen_at),
            "batteryInfo": {"percentage": self._knobs.now.battery_percent, "isCharging": True},
        }

    def _event(self, kind: str, text: str, told: dict[str, object]) -> Event | None:
        webhook = self._phone.webhook
        if webhook is None or not webhook.enabled:
            return None
        event = {
            "smsId": uuid.uuid4().hex[:24],
            "message": text,
            "deviceId": DEVICE,
            "webhookSubscriptionId": SUBSCRIPTION,
            "webhookEvent": kind,
            "idempotencyKey": str(uuid.uuid4()),
            **told,
        }
        body = json.dumps(event).encode()
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            headers["X-Signature"] = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        return Event(webhook.url, body, headers)


def batch_id(message: Message) -> str:
    """The id that the vendor knows a message's batch by."""
    return message.id.removeprefix("msg_")


def _draft(asked: dict[str, object]) -> Draft:
    text, recipients, sim = asked.get("message"), asked.get("recipients"), asked.get("simSubscriptionId")
    if not text:
        raise ValidationError(Issue("message", "Message cannot be blank"))
    if not isinstance(recipients, list) or len(recipients) != 1:
        # The vendor takes several; this phone takes one at a time.
        raise ValidationError(Issue("recipients", "Invalid recipients"))
    return Draft(to=str(recipients[0]), text=str(text), sim=None if sim is None else str(sim))


def _hindered(knobs: Knobs) -> Answer | None:
    """What is answered before the message is looked at: 500 requests a minute are too many."""
    if knobs.throttle:
        told = {"statusCode": 429, "message": "ThrottlerException: Too Many Requests"}
        return json_answer(429, told, {"Retry-After": str(knobs.retry_after_seconds)})
    return None


def _bad_request(invalid: ValidationError) -> Answer:
    """400 with the first thing that is wrong; that a body is no JSON object is worded by guess."""
    return json_answer(400, {"success": False, "error": invalid.issues[0].message})
