"""Mobile API Connect: one authenticated POST, and a paired Android phone sends the SMS.

Only what the vendor documents is relied on: the 202 and the error codes. The shape of a delivery
callback is not documented, so callbacks are read tolerantly and never believed beyond moving a
delivery forward.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from otp_worker.gateways.gateway import (
    CallbackRequest,
    Message,
    Outcome,
    OutcomeKind,
    Receipt,
    ReceiptKind,
    Reply,
)
from otp_worker.gateways.http import Answer, BoundedClient, NoAnswerError, NotReachedError

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


class MobileApiConnect:
    """One Mobile API Connect account.

    ``url`` is the API's base with its version; ``key`` the ``sk_live_`` key; ``webhook_secret`` the
    ``whsec_`` secret that signs inbound replies, where one is set.
    """

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
        return self._post(payload, message.timeout_seconds)

    def probe(self) -> Outcome:
        """Ask without sending: a message without fields is refused as invalid once the key was taken."""
        outcome = self._post({}, PROBE_SECONDS)
        if outcome.kind is OutcomeKind.REFUSED and not outcome.alarm:
            return Outcome(OutcomeKind.ACCEPTED, "the gateway answers and takes the key")
        return outcome

    def signature_is_good(self, request: CallbackRequest) -> bool | None:
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
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            return []
        if not isinstance(body, dict):
            return []
        if body.get("event") == INBOUND_EVENT:
            return _reply(body)
        return _receipt(body)

    def _post(self, payload: dict[str, object], seconds: float) -> Outcome:
        try:
            answer = self._client.post(self._url, json.dumps(payload).encode(), self._headers, seconds)
        except NotReachedError as error:
            return Outcome(OutcomeKind.UNAVAILABLE, f"the gateway cannot be reached ({error})")
        except NoAnswerError as error:
            return Outcome(OutcomeKind.UNCERTAIN, f"the gateway gave no answer ({error})")
        return _outcome(answer)


def _outcome(answer: Answer) -> Outcome:
    error = _error_word(answer.body)
    match answer.status:
        case 202 | 200 | 201 if (message_id := _clean((answer.body or {}).get("id"))) is not None:
            return Outcome(OutcomeKind.ACCEPTED, "accepted by the gateway", message_id[:128])
        case 503 if error == NO_PHONE_ONLINE:
            return Outcome(OutcomeKind.UNAVAILABLE, f"no paired phone is online ({NO_PHONE_ONLINE})")
        case 503:
            return Outcome(
                OutcomeKind.UNAVAILABLE,
                "the gateway is unavailable (503)",
                retry_after_seconds=answer.retry_after_seconds,
            )
        case 429:
            return Outcome(
                OutcomeKind.THROTTLED,
                "the gateway asks for fewer messages (429)",
                retry_after_seconds=answer.retry_after_seconds,
            )
        case 401:
            return Outcome(OutcomeKind.REFUSED, f"the gateway refuses our key ({error})", alarm=True)
        case 403:
            return Outcome(OutcomeKind.REFUSED, f"the gateway account is not active ({error})", alarm=True)
        case 404:
            return Outcome(OutcomeKind.REFUSED, f"there is no such gateway address ({error})", alarm=True)
        case 400:
            return Outcome(OutcomeKind.REFUSED, f"the gateway refuses this message ({error})")
        case status if 200 <= status < 300:
            return Outcome(OutcomeKind.UNCERTAIN, f"the gateway's answer cannot be read ({status})")
        case status if status >= 500:
            return Outcome(OutcomeKind.UNCERTAIN, f"the gateway failed ({status})")
        case status:
            return Outcome(OutcomeKind.REFUSED, f"the gateway gave an unknown answer ({status})", alarm=True)


def _error_word(body: dict[str, Any] | None) -> str:
    word = (body or {}).get("error")
    # The word is shown to people; anything but a plain code word could carry the number or the text back.
    if isinstance(word, str) and len(word) <= 40 and word.replace("_", "").isalpha() and word.isascii():
        return word
    return "no error code"


def _reply(body: dict[str, Any]) -> list[Receipt | Reply]:
    sender, text = _clean(body.get("from")), _clean(body.get("text"))
    received_at = _instant(body.get("receivedAt"))
    if not sender or text is None or received_at is None:
        return []
    # The payload has no message id: the same words from the same phone at the same instant are one reply.
    parts = [_clean(body.get("deviceId")), sender, body["receivedAt"], text]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return [Reply(f"+{sender.lstrip('+')}", text, _first([body], ("ref",)), received_at, key)]


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
    return next((found for place in places for name in names if (found := _clean(place.get(name)))), None)


def _clean(value: object) -> str | None:
    # JSON can carry halves of characters and NUL, which no database takes.
    return value.encode(errors="replace").decode().replace("\0", "") if isinstance(value, str) else None


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
