"""The simulator's own side: `/sim` and the page, for people and tests on the same machine."""

import dataclasses
import ipaddress
import secrets
from urllib.parse import urlsplit

from .checks import NoAnswerError, is_loopback
from .desk import Desk
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
from .exchanges import KEPT
from .messages import TEXT_LENGTH, digits
from .page import render
from .scenarios import SCENARIOS
from .views import show_message, show_reply, show_request


class Control:
    """Shows what the phone took, turns its knobs and replies to it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._knobs = desk.scenarios.knobs

    def answer(self, request: Request, peer: str) -> Answer:
        """The answer to a request for the page or under `/sim`, given the caller's address.

        Only this machine is answered: what is shown are live codes. Nor can a web page from elsewhere
        reach it by way of a browser here: names other than localhost are refused (DNS rebinding), and bodies
        must be JSON (CSRF). A web page of this machine may read, under another port too.
        """
        if not ipaddress.ip_address(peer).is_loopback or not _is_near(request.headers.get("host", "")):
            return error_answer(403, "only_from_this_machine")
        try:
            answer = self._read(request) if request.method == "GET" else self._write(request)
        except ValidationError as invalid:
            return invalid_answer(invalid)
        return _shared(answer, request)

    def _read(self, request: Request) -> Answer:
        desk = self._desk
        match request.path:
            case "/":
                return _page()
            case "/sim/health":
                number = desk.phone.number
                return json_answer(200, {"status": "ok", "messages": len(desk.messages), "number": number})
            case "/sim/messages":
                return self._list(request.query)
            case "/sim/replies":
                replies = desk.messages.replies(_limit(request.query))
                return json_answer(200, {"replies": [show_reply(reply) for reply in replies]})
            case "/sim/knobs":
                return json_answer(200, self._knobs.as_dict())
            case "/sim/scenarios":
                return json_answer(200, {"scenarios": [each.as_dict() for each in SCENARIOS.values()]})
            case "/sim/scenario":
                return json_answer(200, desk.scenarios.as_dict())
            case "/sim/requests":
                newest = desk.exchanges.newest(KEPT if (limit := _limit(request.query)) is None else limit)
                return json_answer(200, {"requests": [show_request(each) for each in newest]})
            case "/sim/waiting":
                return json_answer(200, {"waiting": desk.waiting()})
            case "/sim/state":
                return json_answer(200, desk.snapshot())
            case "/sim/events":
                return Answer(200, headers={"Content-Type": "text/event-stream"}, stream=desk.events())
        return error_answer(404, "not_found")

    def _write(self, request: Request) -> Answer:
        match request.method, request.path:
            case "DELETE", "/sim/messages":
                self._desk.messages.clear()
                return Answer(204)
            case "PATCH", "/sim/knobs":
                self._knobs.set(**_json_body(request))
                self._desk.feed.ring()
                return json_answer(200, self._knobs.as_dict())
            case "PUT", "/sim/scenario":
                self._desk.scenarios.start(_json_body(request))
                self._desk.feed.ring()
                return json_answer(200, self._desk.scenarios.as_dict())
            case "DELETE", "/sim/scenario":
                self._desk.scenarios.clear()
                self._desk.feed.ring()
                return json_answer(200, self._desk.scenarios.as_dict())
            case "POST", "/sim/replies":
                return self._reply(_json_body(request))
            case "POST", "/sim/checks":
                return self._check(_json_body(request))
        return error_answer(404, "not_found")

    def _list(self, query: dict[str, str]) -> Answer:
        unknown = query.keys() - {"to", "ref", "limit"}
        if unknown:
            raise ValidationError(*(Issue(name, "is not a filter") for name in sorted(unknown)))
        found = self._desk.messages.select(query.get("to"), query.get("ref"), _limit(query))
        return json_answer(200, {"messages": [show_message(message) for message in found]})

    def _reply(self, asked: dict[str, object]) -> Answer:
        number, text = asked.get("from"), asked.get("text")
        issues = []
        if not isinstance(number, str) or not 3 <= len(digits(number)) <= 15:
            issues.append(Issue("from", "must be a phone number"))
        if not isinstance(text, str) or not 1 <= len(text) <= TEXT_LENGTH:
            issues.append(Issue("text", "must be 1 to 1600 characters"))
        if issues:
            raise ValidationError(*issues)
        reply = self._desk.phone.reply(str(number), str(text))
        return json_answer(202, {"reply": show_reply(reply), "forwarded": reply.forwarded})

    def _check(self, asked: dict[str, object]) -> Answer:
        """Check a code with the app's key; what the service answered is the body of a 200."""
        if self._desk.app is None:
            return error_answer(409, "no_app_key")
        message = self._desk.messages.find(str(asked.get("message")))
        code = asked.get("code")
        if message is None:
            raise ValidationError(Issue("message", "is not known here"))
        if code is not None and not isinstance(code, str):
            raise ValidationError(Issue("code", "must be a string"))
        try:
            return json_answer(200, self._desk.app.check(message, code))
        except NoAnswerError as error:
            return json_answer(502, {"error": "no_answer", "detail": str(error)})


def _shared(answer: Answer, request: Request) -> Answer:
    """The answer with leave for a web page of this machine to read it."""
    origin = request.headers.get("origin", "")
    if request.method != "GET" or not is_loopback(_host_of(origin)):
        return answer
    headers = {**answer.headers, "Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    return dataclasses.replace(answer, headers=headers)


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


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
