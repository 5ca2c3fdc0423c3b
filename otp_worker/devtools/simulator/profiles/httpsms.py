"""httpSMS as its source says it answers (NdoleStudio/httpsms, `api/pkg`), with its guesses marked."""

import hmac
import re
from datetime import datetime, timedelta
from typing import Final

from ..exchange import Answer, Issue, Request, ValidationError, json_answer, json_object
from ..knobs import Knobs
from ..messages import Draft, Message, Reply, digits, instant
from ..outbound import Event
from .httpsms_webhook import (
    INBOUND_EVENT,
    RECEIPT_EVENTS,
    USER,
    cloud_event,
    message_id,
    told_of,
    told_of_reply,
)
from .profile import OnePhone, answer_send

CONTACT: Final = re.compile(r"\+?[0-9]{2,15}")
CONTENT_LENGTH = 2048
REQUEST_ID_LENGTH = 255
STALE = timedelta(hours=2)


class HttpSms(OnePhone):
    """Answers the vendor's API for one phone and one key; what it cannot send it keeps for the phone."""

    base = "/v1"
    tells_of_phone: frozenset[str] = frozenset({"seen"})

    def answer(self, request: Request) -> Answer:
        """The answer to a request under `/v1`, with how it is to leave."""
        if not hmac.compare_digest(request.headers.get("x-api-key", "").encode(), self._key):
            return _error(401, "You are not authorized to carry out this request.")
        match request.method, request.path:
            case "POST", "/v1/messages/send":
                return answer_send(
                    self._knobs, _hindered, lambda knobs: self._take(request, knobs), _unprocessable
                )
            case "GET", "/v1/phones":
                return _found("fetched 1 phone", [{"phone_number": self._owner, "sim": "SIM1"}])
            case "GET", "/v1/heartbeats":
                return self._heartbeats(request.query.get("owner", ""))
            case "GET", path if path.startswith("/v1/messages/"):
                return self._show(path.removeprefix("/v1/messages/"))
        return _error(404, "Not Found")

    def receipt(self, message: Message, status: str, at: datetime) -> Event | None:
        """What became of a message; the vendor has no other events than these four."""
        if status not in RECEIPT_EVENTS:
            return None
        told = told_of(message, self._owner, status, at)
        return cloud_event(self._phone.webhook, self._secret, RECEIPT_EVENTS[status], told, at)

    def reply(self, reply: Reply) -> Event | None:
        """An SMS that came in."""
        told = told_of_reply(reply, self._owner)
        return cloud_event(self._phone.webhook, self._secret, INBOUND_EVENT, told, reply.received_at)

    @property
    def _owner(self) -> str:
        return f"+{digits(self._phone.number)}"

    def _take(self, request: Request, knobs: Knobs) -> Answer:
        draft = self._draft(json_object(request.body))
        if knobs.refuses(draft.to):
            raise ValidationError(Issue("to", "The to field is refused"))
        if knobs.suspended:
            return _error(402, "You have exceeded your limit of [200] messages on your [free] plan.")
        message = self._phone.take(draft, knobs, away=lambda: self._knobs.now.offline)
        return _found("message added to queue", {**self._shown(message), "status": "pending"})

    def _draft(self, asked: dict[str, object]) -> Draft:
        sender, to, content = (str(asked.get(name) or "") for name in ("from", "to", "content"))
        request_id = asked.get("request_id")
        checks = {
            "to": CONTACT.fullmatch(to) is not None,
            "from": CONTACT.fullmatch(sender) is not None,
            "content": 1 <= len(content) <= CONTENT_LENGTH,
            "request_id": request_id is None or len(str(request_id)) <= REQUEST_ID_LENGTH,
        }
        issues = [
            Issue(name, f"The {name} field is not valid") for name, holds in checks.items() if not holds
        ]
        if issues:
            raise ValidationError(*issues)
        if digits(sender) != digits(self._phone.number):
            # The vendor says both where it knows no such phone.
            raise ValidationError(
                Issue("from", f"no phone found with with 'from' number [{sender}]."),
                Issue("from", f"could not validate 'from' number [{sender}], please try again later"),
            )
        return Draft(to=to, text=content, ref=str(request_id) if request_id else None, sim=sender)

    def _show(self, asked: str) -> Answer:
        for message in self._phone.messages:
            if message_id(message) == asked:
                return _found("message fetched successfully", self._shown(message))
        return _error(404, f"cannot find message with ID [{asked}]")

    def _shown(self, message: Message) -> dict[str, object]:
        """The message, as far as it came; that of one without receipts is a guess."""
        reached = list(message.states)[-1] if message.states else "sent"
        return {
            "id": message_id(message),
            "request_id": message.ref,
            "owner": self._owner,
            "user_id": USER,
            "contact": message.to,
            "content": message.text,
            "encrypted": False,
            "type": "mobile-terminated",
            "status": reached if message.sent_at else "pending",
            "sim": "SIM1",
            "created_at": instant(message.taken_at),
            "sent_at": instant(message.sent_at) if message.sent_at else None,
        }

    def _heartbeats(self, owner: str) -> Answer:
        """The newest heartbeat; that of a phone that is away is two hours old (a guess)."""
        if digits(owner) != digits(self._phone.number):
            return _found("fetched 0 heartbeats", [])
        seen_at = self._phone.now() - (STALE if self._knobs.now.unseen else timedelta())
        heartbeat = {"owner": self._owner, "charging": True, "user_id": USER, "timestamp": instant(seen_at)}
        return _found("fetched 1 heartbeat", [heartbeat])


def _hindered(knobs: Knobs) -> Answer | None:
    """What is answered before the message is looked at; the vendor's source has no 429, so it is a guess."""
    if knobs.throttle:
        return Answer(429, b"Too Many Requests", {"Retry-After": str(knobs.retry_after_seconds)})
    return None


def _found(message: str, data: object) -> Answer:
    return json_answer(200, {"status": "success", "message": message, "data": data})


def _error(status: int, message: str) -> Answer:
    return json_answer(status, {"status": "error", "message": message})


def _unprocessable(invalid: ValidationError) -> Answer:
    """What is wrong, field by field; a body that is no JSON object is a 400."""
    if any(not issue.field for issue in invalid.issues):
        return _error(400, "The request isn't properly formed")
    data: dict[str, list[str]] = {}
    for issue in invalid.issues:
        data.setdefault(issue.field, []).append(issue.message)
    message = "validation errors while sending message"
    return json_answer(422, {"status": "error", "message": message, "data": data})
