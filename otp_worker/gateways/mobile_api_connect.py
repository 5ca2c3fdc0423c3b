"""Mobile API Connect: one authenticated POST, and a paired Android phone sends the SMS.

Only what the vendor documents is relied on: the 202 and the error codes. The shape of a delivery
callback is not documented, so callbacks are read tolerantly and never believed beyond moving a
delivery forward.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from otp_worker.domain.gateway import (
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
from otp_worker.gateways.account import Account, BaseUrl
from otp_worker.gateways.client import Answer, BoundedClient
from otp_worker.gateways.parsing import (
    accepted,
    clean,
    code_word,
    dedupe_key,
    instant,
    json_body,
    outcome_of,
    usual_outcome,
)

NO_PHONE_ONLINE = "no_active_device_for_tenant"
INBOUND_EVENT = "message.received"
PROBE_SECONDS = 10.0

_RECEIPT_WORDS = {
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "failed": ReceiptKind.UNDELIVERED,
    "undelivered": ReceiptKind.UNDELIVERED,
    "rejected": ReceiptKind.UNDELIVERED,
}


class MobileApiConnect(Gateway):
    """One Mobile API Connect account.

    ``url`` is the API's base with its version; ``key`` the ``sk_live_`` key; ``webhook_secret`` the
    ``whsec_`` secret that signs inbound replies, where one is set.
    """

    capabilities = Capabilities(push=True, signature=True)

    def __init__(self, name: str, url: str, key: str, webhook_secret: str | None = None) -> None:
        self.name = name
        self._url = f"{url.rstrip('/')}/messages"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._webhook_secret = webhook_secret
        self._client = BoundedClient()

    def send(self, message: Message) -> Outcome:
        """POST one message; ``ref`` is its stable reference."""
        payload: dict[str, object] = {"to": message.to, "text": message.text, "ref": message.reference}
        if message.callback_url:
            payload["callback"] = message.callback_url
        return self._post(payload, message.timeout_seconds, message.may_leave)

    def probe(self) -> Outcome:
        """Ask without sending: a message without fields is refused as invalid once the key was taken."""
        outcome = self._post({}, PROBE_SECONDS, lambda: True)
        if outcome.kind is OutcomeKind.REFUSED:
            return Outcome(OutcomeKind.ACCEPTED, "the gateway answers and takes the key")
        return outcome

    def signature_is_good(self, request: CallbackRequest, now: datetime) -> bool | None:
        """Check ``X-MAC-Signature: sha256=<hex>``, HMAC-SHA256 over the raw body."""
        given = request.headers.get("x-mac-signature")
        if given is None:
            return None
        if not self._webhook_secret:
            return False
        mac = hmac.digest(self._webhook_secret.encode(), request.body, hashlib.sha256)
        return hmac.compare_digest(f"sha256={mac.hex()}".encode(), given.encode())

    def read_callback(self, request: CallbackRequest) -> list[Receipt | Reply]:
        """An inbound reply where the event says so, else whatever looks like a receipt."""
        body = json_body(request)
        if body.get("event") == INBOUND_EVENT:
            return _reply(body)
        return _receipt(body)

    def _post(self, payload: dict[str, object], seconds: float, may_leave: Callable[[], bool]) -> Outcome:
        body = json.dumps(payload).encode()
        return outcome_of(
            lambda: self._client.post(self._url, body, self._headers, seconds, may_leave), _outcome
        )


def _outcome(answer: Answer) -> Outcome:
    body = answer.body or {}
    if answer.status in (200, 201, 202) and (message_id := clean(body.get("id"))) is not None:
        return accepted(message_id)
    word = code_word(body.get("error"))
    if answer.status == 503 and word == NO_PHONE_ONLINE:
        return Outcome(OutcomeKind.UNAVAILABLE, f"no paired phone is online ({word})")
    return usual_outcome(answer, word)


def _reply(body: dict[str, Any]) -> list[Receipt | Reply]:
    sender, text = clean(body.get("from")), clean(body.get("text"))
    at = body.get("receivedAt")
    if not sender or text is None:
        return []
    # The payload has no message id: the same words from the same phone at the same instant are one reply.
    key = dedupe_key(clean(body.get("deviceId")), sender, at, text)
    reference = _first([body], ("ref",))
    return [Reply(sender, text, reference, instant(at), key, _with_plus(clean(body.get("to"))))]


def _with_plus(number: str | None) -> str | None:
    # The number of the tenant's own SIM is documented as E.164 without its plus.
    return f"+{number.lstrip('+')}" if number else None


def _receipt(body: dict[str, Any]) -> list[Receipt | Reply]:
    # Undocumented: the identifiers and the word may stand at the top or in an object called data or message.
    nested = [value for name in ("data", "message") if isinstance(value := body.get(name), dict)]
    places = [body, *nested]
    reference = _first(places, ("ref", "reference"))
    message_id = _first(places, ("id", "messageId", "message_id"))
    for word in (_first(places, (name,)) for name in ("status", "state", "event")):
        kind = _RECEIPT_WORDS.get((word or "").lower().rpartition(".")[2])
        if kind:
            return [Receipt(kind, reference, message_id)]
    return []


def _first(places: list[dict[str, Any]], names: tuple[str, ...]) -> str | None:
    return next((found for place in places for name in names if (found := clean(place.get(name)))), None)


class MobileApiConnectAccount(Account):
    """An account at Mobile API Connect: ``key`` is its ``sk_live_`` key."""

    kind: Literal["mobile_api_connect"] = "mobile_api_connect"
    url: BaseUrl = "https://api.mobileapiconnect.com/v1"

    def open(self, name: str) -> MobileApiConnect:
        """The adapter for this account."""
        secret = self.webhook_secret.get_secret_value() if self.webhook_secret else None
        return MobileApiConnect(name, self.url, self.key.get_secret_value(), secret)


ACCOUNT = MobileApiConnectAccount
