"""httpSMS: one authenticated POST, and the Android phone that has the ``from`` number sends the SMS.

What is relied on stands in the vendor's own source (NdoleStudio/httpsms, ``api/pkg``):

- ``request_id`` is echoed in answers and webhooks, and dedupes nothing.
- No life can be passed along: the phone's "message expiration" at httpSMS should not exceed the code's life.
  An expired message is sent all the same by a phone that comes back, so ``expired`` is no receipt.
- A webhook carries a token that is signed for ten minutes, over the time and not over the body: whoever has
  seen one can post anything under it meanwhile. The token in the callback's URL guards it as well, and is
  as secret as the signing key.
"""

import json
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from pydantic import AfterValidator, Field

from otp_worker.domain.gateway import (
    HEALTH_SECONDS,
    CallbackRequest,
    Capabilities,
    Gateway,
    Message,
    Outcome,
    OutcomeKind,
    PhoneState,
    Receipt,
    ReceiptKind,
    Reply,
)
from otp_worker.gateways.account import Account, BaseUrl
from otp_worker.gateways.client import Answer, BoundedClient
from otp_worker.gateways.jwt import token_is_good
from otp_worker.gateways.parsing import (
    accepted,
    body_of,
    clean,
    dedupe_key,
    health_of,
    instant,
    json_body,
    outcome_of,
    told_by,
    usual_outcome,
)

ASK_SECONDS = 10.0
BACK_ONLINE_EVENT = "phone.heartbeat.online"
INBOUND_EVENT = "message.phone.received"

_RECEIPT_EVENTS = {
    "message.phone.sent": ReceiptKind.SENT,
    "message.phone.delivered": ReceiptKind.DELIVERED,
    "message.send.failed": ReceiptKind.UNDELIVERED,
}
_RECEIPT_STATES = {
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "failed": ReceiptKind.UNDELIVERED,
}
_FIELDS = ("to", "content", "request_id")
# Both stand in the answer where the number is not registered; the second alone where looking it up failed.
_NO_SUCH_PHONE = "no phone found"
_LOOK_UP_FAILED = "try again later"


class HttpSms(Gateway):
    """One httpSMS account.

    ``url`` is the API's base with its version; ``sender`` (E.164) the SIM that sends where a message names
    none; ``webhook_secret`` the webhook's signing key, where one is set.
    """

    capabilities = Capabilities(poll=True, push=True, signature=True, sim_choice=True)

    def __init__(self, name: str, url: str, key: str, sender: str, webhook_secret: str | None = None) -> None:
        self.name = name
        self._url = url
        self._headers = {"x-api-key": key}
        self._sender = sender
        self._webhook_secret = webhook_secret
        self._client = BoundedClient()

    def send(self, message: Message) -> Outcome:
        """POST one message from the SIM's own number; ``request_id`` is its stable reference."""
        payload = {
            "from": message.sender or self._sender,
            "to": message.to,
            "content": message.text,
            "request_id": message.reference,
        }
        url, body = f"{self._url}/messages/send", json.dumps(payload).encode()
        seconds = message.timeout_seconds
        return outcome_of(
            lambda: self._client.post(url, body, self._headers, seconds, message.may_leave), _outcome
        )

    def probe(self) -> Outcome:
        """Ask without sending: the key is taken, and the account's sender is a phone of its own."""
        return self._ask_for_phone(ASK_SECONDS)

    def health(self) -> bool | None:
        """Whether its API answers: it takes messages for a phone that is offline, and keeps them."""
        return health_of(self._ask_for_phone(HEALTH_SECONDS))

    def poll(self, message_id: str) -> Receipt | None:
        """How far an SMS came: sent, delivered or failed; every other state says nothing final."""
        path = f"messages/{quote(message_id, safe='')}"
        return told_by(lambda: _polled(body_of(self._get(path)), message_id))

    # httpSMS itself takes a phone to be offline after four missed heartbeats of 16 minutes.
    silent_after = timedelta(minutes=64)

    def phone_state(self) -> PhoneState | None:
        """When the sender's phone was last heard of; it reports every 15 minutes."""
        path = f"heartbeats?{urlencode({'owner': self._sender})}"
        return told_by(lambda: _seen(body_of(self._get(path))))

    def signature_is_good(self, request: CallbackRequest, now: datetime) -> bool | None:
        """Check ``Authorization: Bearer <JWT>``, HS256; it says who posts and when, not what."""
        given = request.headers.get("authorization")
        if given is None:
            return None
        scheme, _, token = given.partition(" ")
        if not self._webhook_secret or scheme.lower() != "bearer":
            return False
        return token_is_good(token, self._webhook_secret.encode(), now)

    def read_callback(self, request: CallbackRequest) -> list[Receipt | Reply]:
        """A reply or a receipt out of a CloudEvent; the phone's heartbeats and expiries say neither."""
        body = json_body(request)
        event, data = clean(body.get("type")) or "", body.get("data")
        if not isinstance(data, dict):
            return []
        if event == INBOUND_EVENT:
            return _reply(data)
        kind = _RECEIPT_EVENTS.get(event)
        reference, message_id = clean(data.get("request_id")) or None, clean(data.get("id")) or None
        return [Receipt(kind, reference, message_id)] if kind and (reference or message_id) else []

    def is_sign_of_life(self, request: CallbackRequest) -> bool:
        """A heartbeat after missed ones is one too; the event that tells of missed ones is none."""
        return json_body(request).get("type") == BACK_ONLINE_EVENT or super().is_sign_of_life(request)

    def _ask_for_phone(self, seconds: float) -> Outcome:
        path = f"phones?{urlencode({'query': self._sender})}"
        return outcome_of(lambda: self._get(path, seconds), self._probed)

    def _get(self, path: str, seconds: float = ASK_SECONDS) -> Answer:
        return self._client.get(f"{self._url}/{path}", self._headers, seconds)

    def _probed(self, answer: Answer) -> Outcome:
        phones = (answer.body or {}).get("data")
        if answer.status != 200 or not isinstance(phones, list):
            return usual_outcome(answer, str(answer.status))
        numbers = [phone.get("phone_number") for phone in phones if isinstance(phone, dict)]
        if self._sender not in numbers:
            return Outcome(OutcomeKind.MISCONFIGURED, "no phone of the account has its sender's number")
        return Outcome(OutcomeKind.ACCEPTED, "the gateway answers, takes the key and knows the sender")


def _outcome(answer: Answer) -> Outcome:
    data = (answer.body or {}).get("data")
    told = data if isinstance(data, dict) else {}
    if answer.status == 200 and (message_id := clean(told.get("id"))):
        return accepted(message_id)
    return _invalid(answer, told) if answer.status == 422 else usual_outcome(answer, str(answer.status))


def _invalid(answer: Answer, told: dict[str, Any]) -> Outcome:
    # Whatever a 422 says, it is said before the message is stored: certainly nothing was sent.
    if "from" not in told:
        return usual_outcome(answer, " and ".join(name for name in _FIELDS if name in told) or "422")
    words = told["from"] if isinstance(told["from"], list) else []
    said = "".join(word for word in words if isinstance(word, str))
    if _LOOK_UP_FAILED in said and _NO_SUCH_PHONE not in said:
        return Outcome(OutcomeKind.UNAVAILABLE, "the gateway could not look its phone up (422)")
    return Outcome(OutcomeKind.MISCONFIGURED, "the gateway has no phone of the sender's number (422)")


def _polled(body: dict[str, Any], message_id: str) -> Receipt | None:
    message = body.get("data")
    if not isinstance(message, dict):
        return None
    kind = _RECEIPT_STATES.get(clean(message.get("status")) or "")
    return Receipt(kind, clean(message.get("request_id")) or None, message_id) if kind else None


def _seen(body: dict[str, Any]) -> PhoneState | None:
    heartbeats = body.get("data")
    if not isinstance(heartbeats, list):
        return None
    newest = heartbeats[0] if heartbeats and isinstance(heartbeats[0], dict) else {}
    return PhoneState(last_seen_at=instant(newest.get("timestamp")))


def _reply(data: dict[str, Any]) -> list[Receipt | Reply]:
    contact, text = clean(data.get("contact")), clean(data.get("content"))
    at = data.get("timestamp")
    if not contact or text is None:
        return []
    owner = clean(data.get("owner"))
    # Not the message's id: a phone that reports an SMS twice is given two.
    key = dedupe_key("httpsms", owner, contact, at, text)
    return [Reply(contact, text, None, instant(at), key, owner)]


def _sender(value: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", value):
        raise ValueError("not a number in E.164: give the SIM's own, with + and its country's code")
    return value


class HttpSmsAccount(Account):
    """An account at httpSMS: ``sender`` is the number (E.164) of its phone's SIM.

    It is required: httpSMS knows a phone by its number alone, and a message that names no SIM, the probe
    and the phone's heartbeats need one.
    """

    kind: Literal["httpsms"] = "httpsms"
    url: BaseUrl = "https://api.httpsms.com/v1"
    sender: Annotated[str, AfterValidator(_sender), Field(repr=False)]

    def open(self, name: str) -> HttpSms:
        """The adapter for this account."""
        secret = self.webhook_secret.get_secret_value() if self.webhook_secret else None
        return HttpSms(name, self.url, self.key.get_secret_value(), self.sender, secret)


ACCOUNT = HttpSmsAccount
