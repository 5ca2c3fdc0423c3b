"""Mobile API Connect as it documents itself, with its guesses marked."""

import hashlib
import hmac
import json
import re
from datetime import datetime
from typing import Final

from ..exchange import (
    Answer,
    Issue,
    Request,
    ValidationError,
    error_answer,
    invalid_answer,
    json_answer,
    json_object,
)
from ..kinds import is_web_address
from ..knobs import Knobs
from ..messages import TEXT_LENGTH, Draft, Message, Reply, digits, instant
from ..outbound import Event
from ..phone import Webhook
from .profile import OnePhone, answer_send

E164: Final = re.compile(r"\+[1-9][0-9]{1,14}")
REF_LENGTH = 64
DEVICE = "dev_simulated"
TENANT = "ten_simulated"
TENANT_NAME = "Simulated phone"


class MobileApiConnect(OnePhone):
    """Answers the vendor's API for one phone and one key."""

    base = "/v1"
    tells_of_phone: frozenset[str] = frozenset()

    def answer(self, request: Request) -> Answer:
        """The answer to a request under `/v1`, with how it is to leave."""
        refused = self._refuse_key(request)
        if refused is not None:
            return refused
        try:
            match request.method, request.path:
                case "POST", "/v1/messages":
                    return answer_send(self._knobs, _hindered, lambda knobs: self._take(request, knobs))
                case "PUT", "/v1/webhooks":
                    return self._register(request)
        except ValidationError as invalid:
            return invalid_answer(invalid)
        return error_answer(404, "not_found")

    def receipt(self, message: Message, status: str, at: datetime) -> Event | None:
        """A delivery callback. All of it is a guess: the vendor does not publish one."""
        if message.callback is None:
            return None
        return self._event(
            message.callback,
            {
                "event": "message.status",
                "id": message.id,
                "ref": message.ref,
                "status": status,
                "to": digits(message.to),
                "occurredAt": instant(at),
                "deviceId": DEVICE,
                "tenantId": TENANT,
            },
        )

    def reply(self, reply: Reply) -> Event | None:
        """An inbound reply as the vendor documents it."""
        webhook = self._phone.webhook
        if webhook is None or not webhook.enabled:
            return None
        return self._event(
            webhook.url,
            {
                "event": "message.received",
                "from": reply.number,
                "to": self._phone.number,
                "text": reply.text,
                "ref": reply.ref,
                "receivedAt": instant(reply.received_at),
                "deviceId": DEVICE,
                "tenantId": TENANT,
                "tenantName": TENANT_NAME,
            },
        )

    def _event(self, url: str, told: dict[str, object]) -> Event:
        body = json.dumps(told).encode()
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            headers["X-MAC-Signature"] = sign(self._secret, body)
        return Event(url, body, headers)

    def _refuse_key(self, request: Request) -> Answer | None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return error_answer(401, "unauthorized")
        if not hmac.compare_digest(key.strip().encode(), self._key):
            return error_answer(401, "invalid_api_key")
        return None

    def _take(self, request: Request, knobs: Knobs) -> Answer:
        draft = _draft(json_object(request.body))
        if knobs.refuses(draft.to):
            raise ValidationError(Issue("to", "is refused"))
        if knobs.offline:
            return error_answer(503, "no_active_device_for_tenant")
        message = self._phone.take(draft, knobs)
        return json_answer(
            202, {"id": message.id, "status": "queued", "createdAt": instant(message.taken_at)}
        )

    def _register(self, request: Request) -> Answer:
        """Register the forward-all webhook; what is answered is a guess."""
        if self._knobs.now.suspended:
            return error_answer(403, "tenant_inactive")
        asked = json_object(request.body)
        issues = [] if is_web_address(asked.get("url")) else [Issue("url", "must be a URL")]
        if not isinstance(asked.get("enabled"), bool):
            issues.append(Issue("enabled", "must be a boolean"))
        if issues:
            raise ValidationError(*issues)
        self._phone.webhook = Webhook(str(asked["url"]), bool(asked["enabled"]))
        return json_answer(200, {"url": asked["url"], "enabled": asked["enabled"]})


def sign(secret: str, body: bytes) -> str:
    """`X-MAC-Signature`: `sha256=` and the hex HMAC-SHA256 of the raw body, as the vendor documents it."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _hindered(knobs: Knobs) -> Answer | None:
    """What is answered before the message is looked at; the 429 and its body are guesses."""
    if knobs.throttle:
        return error_answer(429, "rate_limited", {"Retry-After": str(knobs.retry_after_seconds)})
    if knobs.suspended:
        return error_answer(403, "tenant_inactive")
    return None


def _draft(asked: dict[str, object]) -> Draft:
    """A valid message; fields the vendor does not document are ignored, a null is refused (both guesses)."""
    given = {name: asked[name] for name in ("ref", "callback", "channel") if name in asked}
    checks = {
        "to": (_is_number(asked.get("to")), "must be an E.164 number"),
        "text": (_is_text(asked.get("text"), TEXT_LENGTH), "must be 1 to 1600 characters"),
        "ref": ("ref" not in given or _is_text(given["ref"], REF_LENGTH), "must be 1 to 64 characters"),
        "callback": ("callback" not in given or is_web_address(given["callback"]), "must be a URL"),
        "channel": (given.get("channel", "sms") == "sms", 'must be "sms"'),
    }
    issues = [Issue(name, message) for name, (holds, message) in checks.items() if not holds]
    if issues:
        raise ValidationError(*issues)
    ref, callback = given.get("ref"), given.get("callback")
    return Draft(
        to=str(asked["to"]),
        text=str(asked["text"]),
        ref=None if ref is None else str(ref),
        callback=None if callback is None else str(callback),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, str) and E164.fullmatch(value) is not None


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= longest
