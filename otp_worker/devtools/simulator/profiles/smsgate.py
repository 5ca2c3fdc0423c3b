"""SMSGate's cloud as the sources of its server and of its app show it, with its guesses marked."""

import hmac
from base64 import b64decode
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from ..exchange import Answer, Issue, Request, ValidationError, json_answer, json_object
from ..knobs import Knobs
from ..messages import Message, Reply, instant
from ..outbound import Event
from ..phone import Phone
from .profile import answer_send
from .smsgate_events import Webhooks
from .smsgate_requests import DEVICE, asks_for_an_active_phone, read_draft, wants_this_phone

STATES: Final = {"sent": "Sent", "delivered": "Delivered", "failed": "Failed", "undelivered": "Failed"}
HEALTH: Final = {"status": "pass", "version": "simulated", "releaseId": 1, "checks": {}}
"""The server's own: of its phones it says nothing there."""
UNSEEN: Final = timedelta(hours=2)


class SmsGate:
    """Answers the vendor's API for one phone and one account, whose key is `user:password`.

    An id is taken once, whatever `dedupe` says. With the phone `offline`, a send with `deviceActiveWithin` is
    answered 400, and any other is taken and kept until the phone is back. `throttle` is the server's queue
    limit, which names no time to wait. That `suspended` is a key without the scope is a guess.
    """

    base = "/3rdparty/v1"
    tells_of_phone: frozenset[str] = frozenset({"seen"})

    def __init__(self, phone: Phone, knobs: Knobs, key: str, secret: str | None) -> None:
        if ":" not in key:
            raise ValidationError(Issue("key", "must be user:password"))
        self._phone = phone
        self._knobs = knobs
        self._key = key.encode()
        self._webhooks = Webhooks(phone, secret)
        self._taking = Lock()

    def answer(self, request: Request) -> Answer:
        """The answer to a request under the base, with how it is to leave."""
        path = request.path.removeprefix(self.base)
        if (request.method, path) == ("GET", "/health"):
            return json_answer(200, HEALTH)
        if not self._knows(request.headers.get("authorization", "")):
            return _error(401, "Unauthorized")
        try:
            return self._route(request, path)
        except ValidationError as invalid:
            return _invalid(invalid)

    def receipt(self, message: Message, status: str, at: datetime) -> Event | None:
        """How far a message came, to the webhook of that event."""
        return self._webhooks.receipt(message, status, at)

    def reply(self, reply: Reply) -> Event | None:
        """An SMS that came in, to the webhook of that event."""
        return self._webhooks.reply(reply)

    def _route(self, request: Request, path: str) -> Answer:
        match request.method, path:
            case "POST", "/messages":
                return answer_send(self._knobs, _hindered, lambda knobs: self._take(request, knobs), _invalid)
            case "GET", _ if path.startswith("/messages/"):
                found = self._phone.messages.find(path.removeprefix("/messages/"))
                return json_answer(200, _state(found)) if found else _error(404, "message not found")
            case "GET", "/devices":
                return json_answer(200, [self._device()])
        answer = self._webhooks.answer(request.method, path, request.body)
        return answer or _error(404, f"Cannot {request.method} {request.path}")

    def _take(self, request: Request, knobs: Knobs) -> Answer:
        asked = json_object(request.body)
        draft = read_draft(asked)
        if not wants_this_phone(asked) or (knobs.offline and asks_for_an_active_phone(request.query)):
            return _error(400, "failed to select device: record not found")
        if knobs.throttle:
            return _error(
                503, "failed to enqueue message: queue limits exceeded: too many pending messages: 9 / 9"
            )
        if knobs.refuses(draft.to):
            return _error(400, "invalid phone number")
        with self._taking:
            if draft.id is not None and self._phone.messages.find(draft.id) is not None:
                return _error(409, "message with the same ID already exists")
            message = self._phone.take(draft, knobs, lambda: self._knobs.now.offline)
        return json_answer(202, _state(message))

    def _device(self) -> dict[str, object]:
        now = self._phone.now()
        sim = {"slotIndex": 0, "simNumber": 1, "phoneNumber": f"****{self._phone.number[-4:]}"}
        return {
            "id": DEVICE,
            "name": "simulated/phone",
            "createdAt": instant(now),
            "updatedAt": instant(now),
            "lastSeen": instant(now - UNSEEN if self._knobs.now.unseen else now),
            "simCards": [sim],
        }

    def _knows(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        try:
            key = b64decode(given, validate=True)
        except ValueError:
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(key, self._key)


def _error(status: int, message: str) -> Answer:
    return json_answer(status, {"message": message})


def _invalid(invalid: ValidationError) -> Answer:
    """400; the words after the first three are a guess."""
    return _error(400, f"failed to validate: {invalid}")


def _hindered(knobs: Knobs) -> Answer | None:
    return _error(403, "scope required: messages:send") if knobs.suspended else None


def _state(message: Message) -> dict[str, object]:
    """A message as its server shows it, with its history."""
    history = {"Pending": message.taken_at}
    if message.sent_at is not None:
        history["Sent"] = message.sent_at
    history |= {STATES[word]: at for word, at in dict(message.states).items() if word in STATES}
    state = list(history)[-1]
    recipient = {"phoneNumber": message.to, "state": state}
    if state == "Failed":
        recipient["error"] = "Send result: a guess" if message.sent_at else "TTL expired"
    return {
        "id": message.id,
        "deviceId": DEVICE,
        "state": state,
        "isHashed": False,
        "isEncrypted": False,
        "recipients": [recipient],
        "states": {name: instant(at) for name, at in history.items()},
    }
