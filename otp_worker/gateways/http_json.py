"""Any gateway that takes an SMS as one POST of JSON, described by configuration alone.

A description, as a table of the gateways' file::

    kind = "http_json"
    url = "https://sms.example.com/api/sms"
    key = "the key"
    headers = { Authorization = "Bearer {key}" }
    body = { recipient = "{to}", content = "{text}", ref = "{reference}", hook = "{callback_url}" }
    message_id = "data.id"
    throttled = [420]
    receipt_status = "state"
    delivered = ["delivered"]
    undelivered = ["failed", "rejected"]

What can be described, and what is wrong with a description, is in http_json_description.py.
"""

import hashlib
import hmac
import json
import math
from datetime import datetime
from typing import Any

from otp_worker.domain.gateway import (
    HEALTH_SECONDS,
    CallbackRequest,
    Capabilities,
    Gateway,
    Message,
    Outcome,
    OutcomeKind,
    Receipt,
    ReceiptKind,
    Reply,
)
from otp_worker.gateways.client import Answer, BoundedClient
from otp_worker.gateways.http_json_description import HttpJsonDescription
from otp_worker.gateways.json_shape import Filling, filled, found, word
from otp_worker.gateways.parsing import (
    accepted,
    dedupe_key,
    health_of,
    instant,
    json_body,
    outcome_of,
    usual_outcome,
)

PROBE_SECONDS = 10.0

# The lists of statuses, and the lists of words, have the names of what they mean.
_LISTED = (OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.UNAVAILABLE, OutcomeKind.THROTTLED)


class HttpJson(Gateway):
    """One account at a gateway that is as described."""

    def __init__(self, name: str, described: HttpJsonDescription) -> None:
        self.name = name
        self.capabilities = Capabilities(
            ttl="life_seconds" in described.named,
            push=described.receipt_status is not None,
            signature=described.signature_header is not None,
            sim_choice=not described.named.isdisjoint({"sender", "slot"}),
        )
        self._described = described
        self._headers = described.filled_headers
        self._meanings = {status: kind for kind in _LISTED for status in getattr(described, kind.value)}
        self._words = {each: kind for kind in ReceiptKind for each in getattr(described, kind.value)}
        self._client = BoundedClient()

    def send(self, message: Message) -> Outcome:
        """POST the body with the message in it; the life is its whole seconds, at least one."""
        fillings: dict[str, Filling] = {
            "to": message.to,
            "text": message.text,
            "reference": message.reference,
            "callback_url": message.callback_url,
            "sender": message.sender,
            "slot": message.slot,
            "life_seconds": max(1, math.floor(message.life_seconds)),
        }
        body = json.dumps(filled(self._described.body, fillings)).encode()
        url, seconds = self._described.url, message.timeout_seconds
        return outcome_of(
            lambda: self._client.post(url, body, self._headers, seconds, message.may_leave), self._outcome
        )

    def probe(self) -> Outcome:
        """GET the probe's URL; without one, whether the key is good shows with the first SMS."""
        return self._ask(PROBE_SECONDS)

    def health(self) -> bool | None:
        """GET the probe's URL; without one only a message can tell."""
        return health_of(self._ask(HEALTH_SECONDS))

    def signature_is_good(self, request: CallbackRequest, now: datetime) -> bool | None:
        """Check the header that is described: the hex HMAC-SHA256 of the raw body, after its prefix."""
        header, secret = self._described.signature_header, self._described.webhook_secret
        given = request.headers.get(header.lower()) if header else None
        if given is None:
            return None
        if secret is None:
            return False
        mac = hmac.digest(secret.get_secret_value().encode(), request.body, hashlib.sha256)
        wanted = f"{self._described.signature_prefix}{mac.hex()}"
        return hmac.compare_digest(wanted.encode(), given.encode(errors="replace"))

    def read_callback(self, request: CallbackRequest) -> list[Receipt | Reply]:
        """A receipt where one of the described words stands where it should, else what is a reply."""
        body = json_body(request)
        return self._receipt(body) or self._reply(body)

    def _ask(self, seconds: float) -> Outcome:
        url = self._described.probe_url
        if url is None:
            return Outcome(OutcomeKind.UNCERTAIN, "not asked: the account has no probe_url")
        return outcome_of(lambda: self._client.get(url, self._headers, seconds), _probe_outcome)

    def _outcome(self, answer: Answer) -> Outcome:
        status = answer.status
        match self._meanings.get(status):
            case OutcomeKind.ACCEPTED:
                message_id = word(found(answer.body, self._described.message_id))
                if message_id or self._described.message_id is None:
                    return accepted(message_id)
                return Outcome(OutcomeKind.UNCERTAIN, f"no message id in the gateway's answer ({status})")
            case OutcomeKind.REFUSED:
                return Outcome(OutcomeKind.REFUSED, f"the gateway refuses this message ({status})")
            case None:
                return usual_outcome(answer, "no error code")
            case kind:
                wait = answer.retry_after_seconds
                return Outcome(
                    kind, f"the gateway takes no messages now ({status})", retry_after_seconds=wait
                )

    def _receipt(self, body: dict[str, Any]) -> list[Receipt | Reply]:
        described = self._described
        kind = self._words.get((word(found(body, described.receipt_status)) or "").strip().lower())
        if kind is None:
            return []
        reference = word(found(body, described.receipt_reference))
        return [Receipt(kind, reference, word(found(body, described.receipt_id)))]

    def _reply(self, body: dict[str, Any]) -> list[Receipt | Reply]:
        described = self._described
        sender, text, to, message_id = (
            word(found(body, path))
            for path in (described.reply_from, described.reply_text, described.reply_to, described.reply_id)
        )
        at = found(body, described.reply_at)
        if not sender or text is None:
            return []
        key = dedupe_key(message_id) if message_id else dedupe_key(sender, to, at, text)
        return [Reply(sender, text, None, instant(at), key, to)]


def _probe_outcome(answer: Answer) -> Outcome:
    if 200 <= answer.status < 300:
        return Outcome(OutcomeKind.ACCEPTED, "the gateway answers and takes the key")
    return usual_outcome(answer, "no error code")


class HttpJsonAccount(HttpJsonDescription):
    """An account at a gateway that takes JSON over HTTP."""

    def open(self, name: str) -> HttpJson:
        """The adapter for this account."""
        return HttpJson(name, self)


ACCOUNT = HttpJsonAccount
