"""Kannel's smsbox as its version 1.4.5 answers, and bearerbox's status page on the same port."""

import dataclasses
import hmac
import re
from datetime import datetime
from typing import Final
from urllib.parse import quote_plus

from ..exchange import Answer, Issue, Request, ValidationError
from ..kinds import is_web_address
from ..knobs import Knobs
from ..messages import Draft, Message, Reply
from ..outbound import Event
from ..phone import Phone
from .profile import answer_send

SENDSMS = "/cgi-bin/sendsms"
STATUS = "/status.xml"
SMSC = "SIM"
RECEIPTS: Final = {"delivered": 1, "failed": 2, "sent": 8}
NUMBER: Final = re.compile(r"[0-9+-]+")
ESCAPE: Final = re.compile("%(.)")
# One SMS, as `max-messages` has it unless the sendsms-user says otherwise; what is longer is cut off.
LENGTHS: Final = {"0": 160, "1": 140, "2": 70}


class Kannel:
    """Answers for one sendsms-user, whose name and password are the key `username:password`.

    The webhook's URL is the get-url of a sms-service, with Kannel's escapes in it.
    """

    base = ""
    tells_of_phone: frozenset[str] = frozenset()

    def __init__(self, phone: Phone, knobs: Knobs, key: str, secret: str | None) -> None:
        self._phone = phone
        self._knobs = knobs
        self._key = key.encode()

    def answer(self, request: Request) -> Answer:
        """The answer to a request, with how it is to leave."""
        if request.path == STATUS:
            return self._status()
        if request.path != SENDSMS:
            return _page(404, "Unknown request.")
        query = request.query
        given = f"{query.get('username', '')}:{query.get('password', '')}"
        if not hmac.compare_digest(given.encode(), self._key):
            return _page(403, "Authorization failed for sendsms")
        return answer_send(self._knobs, _hindered, lambda knobs: self._take(query, knobs), _refuse)

    def receipt(self, message: Message, status: str, at: datetime) -> Event | None:
        """The GET to a message's dlr-url."""
        if message.callback is None:
            return None
        return _get(message.callback, {"d": str(RECEIPTS[status]), "p": message.to, "i": SMSC})

    def reply(self, reply: Reply) -> Event | None:
        """The GET to the get-url; numbers stand there as the carrier writes them, here without a plus."""
        webhook = self._phone.webhook
        if webhook is None or not webhook.enabled:
            return None
        told = {
            **dict.fromkeys("pq", reply.number),
            **dict.fromkeys("PQ", self._phone.number),
            "a": " ".join(reply.text.split()),
            "b": reply.text,
            "t": f"{reply.received_at:%Y-%m-%d %H:%M:%S}",
        }
        return _get(webhook.url, told)

    def _take(self, query: dict[str, str], knobs: Knobs) -> Answer:
        draft = _draft(query)
        if knobs.refuses(draft.to):
            return _page(403, "Not routable. Do not try again.")
        mask = int(query.get("dlr-mask", "0"))
        wanted = tuple(status for status in knobs.receipts if RECEIPTS.get(status, 0) & mask)
        kept = dataclasses.replace(knobs, receipts=wanted)
        self._phone.take(draft, kept, lambda: self._knobs.now.offline)
        return _page(202, "3: Queued for later delivery" if knobs.offline else "0: Accepted for delivery")

    def _status(self) -> Answer:
        status = "re-connecting" if self._knobs.now.offline else "online 60s"
        smsc = f"<smsc>\n\t\t<id>{SMSC}</id>\n\t\t<status>{status}</status>\n\t</smsc>"
        return _page(200, f"<gateway>\n<smscs>{smsc}</smscs>\n</gateway>")


def _hindered(knobs: Knobs) -> Answer | None:
    """What is answered before the message is looked at: there is no 429, a full queue is a 503."""
    if knobs.suspended:
        return _page(403, "Authorization failed for sendsms")
    if knobs.throttle:
        return _page(503, "Temporal failure, try again later.")
    return None


def _draft(query: dict[str, str]) -> Draft:
    """A valid message; more receivers than one, which Kannel takes, are denied here."""
    coding, mask, minutes = (query.get(name) for name in ("coding", "dlr-mask", "validity"))
    dlr_url = query.get("dlr-url")
    checks = {
        "Missing receiver number, rejected": "to" in query,
        "Empty receiver number not allowed, rejected": query.get("to") != "",
        "Number(s) has/have been denied by white- and/or black-lists.": NUMBER.fullmatch(query.get("to", "")),
        "Sender missing and no global set, rejected": query.get("from"),
        "DLR-URL field misformed, rejected": not dlr_url or is_web_address(dlr_url),
        "DLR-Mask field misformed, rejected": _is_number(mask, 63),
        "Coding field misformed, rejected": _is_number(coding, 2),
        "Validity field misformed, rejected": _is_number(minutes, 1_000_000),
        "Priority field misformed, rejected": _is_number(query.get("priority"), 3),
    }
    for message, holds in checks.items():
        if not holds:
            raise ValidationError(Issue("", message))
    return Draft(
        to=query["to"],
        text=query.get("text", "")[: LENGTHS.get(coding or "0", 160)],
        callback=dlr_url if mask else None,
        sim=query.get("smsc"),
        life_seconds=None if minutes is None else int(minutes) * 60,
    )


def _is_number(value: str | None, most: int) -> bool:
    return value is None or (value.isascii() and value.isdecimal() and len(value) < 8 and int(value) <= most)


def _refuse(invalid: ValidationError) -> Answer:
    return _page(400, invalid.issues[0].message)


def _page(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/html"})


def _get(pattern: str, told: dict[str, str]) -> Event:
    """A GET to a URL with what Kannel tells for its escapes; one that it does not know stays."""
    told = {"%": "%", **{name: quote_plus(value) for name, value in told.items()}}
    return Event(ESCAPE.sub(lambda found: told.get(found[1], found[0]), pattern), method="GET")
