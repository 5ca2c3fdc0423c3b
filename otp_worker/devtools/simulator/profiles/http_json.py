"""A gateway of nobody's, for the kind http_json: another dialect of JSON than any vendor's, on purpose.

It is described by::

    url = "http://127.0.0.1:8025/api/sms"
    headers = { X-Api-Key = "{key}" }
    message_id = "result.messages.0.id"
    refused = [409]
    unavailable = [424]
    throttled = [420]
    probe_url = "http://127.0.0.1:8025/api/account"
    receipt_id = "data.id"
    receipt_reference = "data.ref"
    receipt_status = "data.state"
    sent = ["sent"]
    delivered = ["delivered"]
    undelivered = ["failed"]
    reply_from = "data.from"
    reply_to = "data.to"
    reply_text = "data.content"
    reply_at = "data.at"
    reply_id = "data.id"
    signature_header = "X-Hook-Signature"
    signature_prefix = "v1="

    [body]
    messages = [{ number = "{to}", content = "{text}", ref = "{reference}" }]
    hook = "{callback_url}"
    device = { number = "{sender}", slot = "{slot}" }
    expires_in = "{life_seconds}"
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime

from ..exchange import Answer, Issue, Request, ValidationError, json_answer, json_object
from ..kinds import is_web_address, is_whole
from ..knobs import Knobs
from ..messages import TEXT_LENGTH, Draft, Message, Reply
from ..outbound import Event
from .profile import OnePhone, answer_send


class HttpJson(OnePhone):
    """Answers for one phone and one key."""

    base = "/api"
    tells_of_phone: frozenset[str] = frozenset()

    def answer(self, request: Request) -> Answer:
        """The answer to a request under `/api`, with how it is to leave."""
        if not hmac.compare_digest(request.headers.get("x-api-key", "").encode(), self._key):
            return _problem(401, "wrong_key")
        match request.method, request.path:
            case "POST", "/api/sms":
                return answer_send(self._knobs, _hindered, lambda knobs: self._take(request, knobs), _refuse)
            case "GET", "/api/account":
                return json_answer(200, {"result": {"active": True}})
        return _problem(404, "not_found")

    def receipt(self, message: Message, status: str, at: datetime) -> Event | None:
        """A callback to the hook that the message named."""
        if message.callback is None:
            return None
        told = {"id": message.id, "ref": message.ref, "state": status.upper()}
        return self._event(message.callback, "status", told)

    def reply(self, reply: Reply) -> Event | None:
        """An SMS that came in, its instant in Unix milliseconds."""
        webhook = self._phone.webhook
        if webhook is None or not webhook.enabled:
            return None
        at = round(reply.received_at.timestamp() * 1000)
        told = {
            "id": f"{reply.number}-{at}",
            "from": reply.number,
            "to": self._phone.number,
            "content": reply.text,
            "at": at,
        }
        return self._event(webhook.url, "inbound", told)

    def _event(self, url: str, kind: str, data: Mapping[str, object]) -> Event:
        body = json.dumps({"kind": kind, "data": data}).encode()
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            mac = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Hook-Signature"] = f"v1={mac}"
        return Event(url, body, headers)

    def _take(self, request: Request, knobs: Knobs) -> Answer:
        draft = _draft(json_object(request.body))
        if knobs.refuses(draft.to):
            return _problem(409, "number_refused")
        if knobs.offline:
            return _problem(424, "phone_offline")
        message = self._phone.take(draft, knobs)
        return json_answer(201, {"result": {"messages": [{"id": message.id}]}})


def _hindered(knobs: Knobs) -> Answer | None:
    if knobs.throttle:
        return _problem(420, "slow_down", {"Retry-After": str(knobs.retry_after_seconds)})
    if knobs.suspended:
        return _problem(403, "suspended")
    return None


def _draft(asked: dict[str, object]) -> Draft:
    """A valid message: one number and text, and what is said of the sending beside."""
    messages, device = asked.get("messages"), asked.get("device", {})
    one = messages[0] if isinstance(messages, list) and len(messages) == 1 else None
    if not isinstance(one, dict) or not isinstance(device, dict):
        raise ValidationError(Issue("messages", "must be one message, and device an object"))
    hook, life = asked.get("hook"), asked.get("expires_in")
    checks = {
        "number": isinstance(one.get("number"), str),
        "content": isinstance(one.get("content"), str) and 1 <= len(one["content"]) <= TEXT_LENGTH,
        "hook": hook is None or is_web_address(hook),
        "expires_in": life is None or is_whole(life, 1, 86_400),
    }
    issues = [Issue(name, "is missing or wrong") for name, holds in checks.items() if not holds]
    if issues:
        raise ValidationError(*issues)
    return Draft(
        to=one["number"],
        text=one["content"],
        ref=one.get("ref"),
        callback=None if hook is None else str(hook),
        sim=device.get("slot"),
        life_seconds=float(life) if isinstance(life, int) else None,
    )


def _refuse(invalid: ValidationError) -> Answer:
    return _problem(400, f"wrong_{invalid.issues[0].field or 'body'}")


def _problem(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    return json_answer(status, {"problem": {"code": code}}, headers)
