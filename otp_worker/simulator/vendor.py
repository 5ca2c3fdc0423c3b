"""The vendor's side: `/v1` as Mobile API Connect documents it, with its guesses marked."""

import dataclasses
import hmac
import re
from typing import Final

from .exchange import (
    Answer,
    Issue,
    Manner,
    Request,
    ValidationError,
    error_answer,
    invalid_answer,
    json_answer,
    json_object,
)
from .kinds import is_web_address
from .knobs import Knobs
from .messages import Draft, Message, digits, instant
from .phone import Phone, Webhook

E164: Final = re.compile(r"\+[1-9][0-9]{1,14}")
TEXT_LENGTH = 1600
REF_LENGTH = 64
HUGE_BYTES = 64 * 1024 * 1024


class Vendor:
    """Answers the vendor's API for one phone and one key."""

    def __init__(self, phone: Phone, knobs: Knobs, key: str) -> None:
        self._phone = phone
        self._knobs = knobs
        self._key = key.encode()

    def answer(self, request: Request) -> Answer:
        """The answer to a request under `/v1`, with how it is to leave."""
        refused = self._refuse_key(request)
        if refused is not None:
            return refused
        try:
            match request.method, request.path:
                case "POST", "/v1/messages":
                    return self._send(request)
                case "PUT", "/v1/webhooks":
                    return self._register(request)
        except ValidationError as invalid:
            return invalid_answer(invalid)
        return error_answer(404, "not_found")

    def _refuse_key(self, request: Request) -> Answer | None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return error_answer(401, "unauthorized")
        if not hmac.compare_digest(key.strip().encode(), self._key):
            return error_answer(401, "invalid_api_key")
        return None

    def _send(self, request: Request) -> Answer:
        knobs = self._knobs.for_request()
        answer = _stand_in_the_way(knobs)
        if answer is None:
            try:
                answer = self._take(request, knobs)
            except ValidationError as invalid:
                answer = invalid_answer(invalid)
        return dataclasses.replace(answer, after_seconds=knobs.slow_seconds)

    def _take(self, request: Request, knobs: Knobs) -> Answer:
        draft = _draft(json_object(request.body))
        if digits(draft.to) in {digits(number) for number in knobs.refuse}:
            raise ValidationError(Issue("to", "is refused"))
        if knobs.offline:
            return error_answer(503, "no_active_device_for_tenant")
        return _accept(self._phone.take(draft, knobs), knobs)

    def _register(self, request: Request) -> Answer:
        """Register the forward-all webhook; what is answered is a guess."""
        if self._knobs.suspended:
            return error_answer(403, "tenant_inactive")
        asked = json_object(request.body)
        issues = [] if is_web_address(asked.get("url")) else [Issue("url", "must be a URL")]
        if not isinstance(asked.get("enabled"), bool):
            issues.append(Issue("enabled", "must be a boolean"))
        if issues:
            raise ValidationError(*issues)
        self._phone.webhook = Webhook(str(asked["url"]), bool(asked["enabled"]))
        return json_answer(200, {"url": asked["url"], "enabled": asked["enabled"]})


def _stand_in_the_way(knobs: Knobs) -> Answer | None:
    """What is answered before the message is looked at: the 429's body and the bare 5xx pages are guesses."""
    if knobs.redirect is not None:
        return Answer(302, headers={"Location": knobs.redirect})
    if knobs.error_status is not None:
        page = f"<html><body><h1>{knobs.error_status}</h1></body></html>"
        return Answer(knobs.error_status, page.encode(), {"Content-Type": "text/html"})
    if knobs.throttle:
        return error_answer(429, "rate_limited", {"Retry-After": str(knobs.retry_after_seconds)})
    if knobs.suspended:
        return error_answer(403, "tenant_inactive")
    return None


def _accept(message: Message, knobs: Knobs) -> Answer:
    answer = json_answer(202, {"id": message.id, "status": "queued", "createdAt": instant(message.taken_at)})
    if knobs.malformed:
        answer = dataclasses.replace(answer, body=answer.body[: len(answer.body) // 2] + b"\xff")
    if knobs.oversized:
        answer = dataclasses.replace(answer, padding=HUGE_BYTES)
    return dataclasses.replace(answer, manner=_manner(knobs), byte_seconds=knobs.drip_seconds)


def _manner(knobs: Knobs) -> Manner:
    if knobs.lose_reply:
        return Manner.LOST
    if knobs.hang:
        return Manner.HUNG
    return Manner.DRIPPED if knobs.drip else Manner.WHOLE


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
