"""The simulator's own side: `/sim` and the page, for people and tests on the same machine."""

import ipaddress
import secrets
from urllib.parse import urlsplit

from .exchange import (
    Answer,
    Issue,
    Request,
    ValidationError,
    error_answer,
    invalid_answer,
    json_answer,
    json_object,
)
from .knobs import Knobs
from .messages import TEXT_LENGTH, Message, Reply, digits, instant
from .page import render
from .phone import Phone


class Control:
    """Shows what the phone took, turns its knobs and replies to it."""

    def __init__(self, phone: Phone, knobs: Knobs) -> None:
        self._phone = phone
        self._knobs = knobs

    def answer(self, request: Request, peer: str) -> Answer:
        """The answer to a request for the page or under `/sim`, given the caller's address.

        Only this machine is answered: what is shown are live codes. Nor can a web page from elsewhere
        reach it by way of a browser here: names other than localhost are refused (DNS rebinding), and bodies
        must be JSON (CSRF).
        """
        if not ipaddress.ip_address(peer).is_loopback or not _is_near(request.headers.get("host", "")):
            return error_answer(403, "only_from_this_machine")
        try:
            return self._route(request)
        except ValidationError as invalid:
            return invalid_answer(invalid)

    def _route(self, request: Request) -> Answer:
        match request.method, request.path:
            case "GET", "/":
                return _page()
            case "GET", "/sim/health":
                return self._health()
            case "GET", "/sim/messages":
                return self._list(request.query)
            case "DELETE", "/sim/messages":
                self._phone.messages.clear()
                return Answer(204)
            case "GET", "/sim/knobs":
                return json_answer(200, self._knobs.as_dict())
            case "PATCH", "/sim/knobs":
                return self._turn(_json_body(request))
            case "GET", "/sim/replies":
                replies = self._phone.messages.replies(_limit(request.query))
                return json_answer(200, {"replies": [_show_reply(reply) for reply in replies]})
            case "POST", "/sim/replies":
                return self._reply(_json_body(request))
        return error_answer(404, "not_found")

    def _health(self) -> Answer:
        return json_answer(
            200, {"status": "ok", "messages": len(self._phone.messages), "number": self._phone.number}
        )

    def _list(self, query: dict[str, str]) -> Answer:
        unknown = query.keys() - {"to", "ref", "limit"}
        if unknown:
            raise ValidationError(*(Issue(name, "is not a filter") for name in sorted(unknown)))
        found = self._phone.messages.select(query.get("to"), query.get("ref"), _limit(query))
        return json_answer(200, {"messages": [_show_message(message) for message in found]})

    def _turn(self, asked: dict[str, object]) -> Answer:
        self._knobs.set(**asked)
        return json_answer(200, self._knobs.as_dict())

    def _reply(self, asked: dict[str, object]) -> Answer:
        number, text = asked.get("from"), asked.get("text")
        issues = []
        if not isinstance(number, str) or not 3 <= len(digits(number)) <= 15:
            issues.append(Issue("from", "must be a phone number"))
        if not isinstance(text, str) or not 1 <= len(text) <= TEXT_LENGTH:
            issues.append(Issue("text", "must be 1 to 1600 characters"))
        if issues:
            raise ValidationError(*issues)
        reply = self._phone.reply(str(number), str(text))
        return json_answer(202, {"reply": _show_reply(reply), "forwarded": reply.forwarded})


def _is_near(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name) is not None
    except ValueError:
        return False


def _json_body(request: Request) -> dict[str, object]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ValidationError(Issue("", "must be sent as application/json"))
    return json_object(request.body)


def _limit(query: dict[str, str]) -> int | None:
    word = query.get("limit")
    if word is None:
        return None
    if not (word.isascii() and word.isdecimal() and len(word) <= 6):
        raise ValidationError(Issue("limit", "must be a whole number"))
    return int(word)


_NEIGHBOURS = "http://127.0.0.1:* http://localhost:*"
"""Whose pages may show this one in a frame: those of this machine, as the demo's page of the first steps."""


def _page() -> Answer:
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        f"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors {_NEIGHBOURS}"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
    }
    return Answer(200, render(nonce), headers)


def _show_message(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "to": message.to,
        "text": message.text,
        "ref": message.ref,
        "callback": message.callback,
        "sim": message.sim,
        "life_seconds": message.life_seconds,
        "taken_at": instant(message.taken_at),
        "sent_at": None if message.sent_at is None else instant(message.sent_at),
        "receipts": [
            {"status": receipt.status, "answered": receipt.answered, "posted_at": instant(receipt.posted_at)}
            for receipt in list(message.receipts)
        ],
    }


def _show_reply(reply: Reply) -> dict[str, object]:
    return {
        "from": reply.number,
        "text": reply.text,
        "ref": reply.ref,
        "received_at": instant(reply.received_at),
        "answered": reply.answered,
    }
