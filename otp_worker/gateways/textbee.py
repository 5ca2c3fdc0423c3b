"""textbee: one authenticated POST, and a push makes an Android phone send the SMS.

What is relied on stands in the vendor's own source (vernu/textbee, now textbee/textbee, ``api/src``):

- The hosted service queues a message and names its batch; a self-hosted one may push it at once and answer
  with counts and no id: then no receipt and no poll can be told to belong to it.
- It takes no reference, no life and no priority, and a phone that comes back sends what waited for it.
- A subscription id that is no SIM of the phone is ignored: the SMS leaves by the phone's preferred SIM.
- Webhooks are signed over their body and without a time: an old one is as good as a new one, and a repeat.
"""

import hashlib
import hmac
import json
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AfterValidator

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
from otp_worker.gateways.parsing import (
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
from otp_worker.gateways.textbee_responses import read_send

ASK_SECONDS = 10.0
INBOUND_EVENT = "MESSAGE_RECEIVED"

_RECEIPT_EVENTS = {
    "MESSAGE_SENT": ReceiptKind.SENT,
    "MESSAGE_DELIVERED": ReceiptKind.DELIVERED,
    "MESSAGE_FAILED": ReceiptKind.UNDELIVERED,
}
_RECEIPT_STATES = {
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "failed": ReceiptKind.UNDELIVERED,
}
_SUBSCRIPTION = re.compile(r"[0-9]{1,9}")


class Textbee(Gateway):
    """One phone of a textbee account.

    ``url`` is the API's base with its version; ``device`` the phone's id there; ``webhook_secret`` the
    webhook's signing secret, where one is set.
    """

    capabilities = Capabilities(poll=True, push=True, signature=True, sim_choice=True)

    def __init__(self, name: str, url: str, key: str, device: str, webhook_secret: str | None = None) -> None:
        self.name = name
        self._url = f"{url}/gateway/devices"
        self._headers = {"x-api-key": key}
        self._device = device
        self._webhook_secret = webhook_secret
        self._client = BoundedClient()

    def send(self, message: Message) -> Outcome:
        """POST one message to the phone; a slot is the SIM's subscription id, as the textbee app shows it."""
        payload: dict[str, object] = {"recipients": [message.to], "message": message.text}
        if message.slot is not None:
            if not _SUBSCRIPTION.fullmatch(message.slot):
                return Outcome(OutcomeKind.MISCONFIGURED, "the SIM's slot is no subscription id")
            payload["simSubscriptionId"] = int(message.slot)
        url, body = f"{self._url}/{self._device}/send-sms", json.dumps(payload).encode()
        seconds = message.timeout_seconds
        return outcome_of(
            lambda: self._client.post(url, body, self._headers, seconds, message.may_leave), read_send
        )

    def probe(self) -> Outcome:
        """Ask without sending: the key is taken, and the phone is one of the account's and enabled."""
        return outcome_of(lambda: self._get(""), self._probed)

    def health(self) -> bool | None:
        """Whether its API answers, and has the phone enabled: it pushes to a phone that is offline too."""
        return health_of(outcome_of(lambda: self._get("", HEALTH_SECONDS), self._probed))

    def poll(self, message_id: str) -> Receipt | None:
        """How far a batch of one SMS came: sent, delivered or failed; other states say nothing final."""
        path = f"/{self._device}/sms-batch/{quote(message_id, safe='')}"
        return told_by(lambda: _polled(body_of(self._get(path)), message_id))

    # Two of its heartbeats may be missed, of which one comes every 30 minutes.
    silent_after = timedelta(minutes=95)

    def phone_state(self) -> PhoneState | None:
        """The phone's battery and when it was last heard of; it reports every 30 minutes."""
        return told_by(lambda: _state(self._phone(body_of(self._get("")))))

    def signature_is_good(self, request: CallbackRequest, now: datetime) -> bool | None:
        """Check ``X-Signature: <hex>``, HMAC-SHA256 over the raw body."""
        given = request.headers.get("x-signature")
        if given is None:
            return None
        if not self._webhook_secret:
            return False
        mac = hmac.digest(self._webhook_secret.encode(), request.body, hashlib.sha256)
        return hmac.compare_digest(mac.hex().encode(), given.encode())

    def read_callback(self, request: CallbackRequest) -> list[Receipt | Reply]:
        """A reply or a receipt of this phone; the account's other phones are posted to the same URL."""
        body = json_body(request)
        if body.get("deviceId") != self._device:
            return []
        event = clean(body.get("webhookEvent")) or ""
        if event == INBOUND_EVENT:
            return _reply(body)
        kind, batch = _RECEIPT_EVENTS.get(event), clean(body.get("smsBatchId"))
        return [Receipt(kind, None, batch)] if kind and batch else []

    def _get(self, path: str, seconds: float = ASK_SECONDS) -> Answer:
        return self._client.get(f"{self._url}{path}", self._headers, seconds)

    def _phone(self, body: dict[str, Any]) -> dict[str, Any] | None:
        phones = body.get("data")
        for phone in phones if isinstance(phones, list) else []:
            if isinstance(phone, dict) and phone.get("_id") == self._device:
                return phone
        return None

    def _probed(self, answer: Answer) -> Outcome:
        body = answer.body or {}
        if answer.status != 200 or not isinstance(body.get("data"), list):
            return usual_outcome(answer, str(answer.status))
        phone = self._phone(body)
        if phone is None or phone.get("enabled") is not True:
            lacking = "has no such device" if phone is None else "has the device disabled"
            return Outcome(OutcomeKind.MISCONFIGURED, f"the gateway account {lacking}")
        return Outcome(OutcomeKind.ACCEPTED, "the gateway answers, takes the key and knows the device")


def _polled(body: dict[str, Any], message_id: str) -> Receipt | None:
    data = body.get("data")
    messages = data.get("messages") if isinstance(data, dict) else None
    if not isinstance(messages, list) or len(messages) != 1 or not isinstance(messages[0], dict):
        return None
    kind = _RECEIPT_STATES.get(clean(messages[0].get("status")) or "")
    return Receipt(kind, None, message_id) if kind else None


def _state(phone: dict[str, Any] | None) -> PhoneState | None:
    if phone is None:
        return None
    battery = phone.get("batteryInfo")
    percent = battery.get("percentage") if isinstance(battery, dict) else None
    known = isinstance(percent, int | float) and 0 <= percent <= 100
    return PhoneState(
        battery_percent=percent if known else None, last_seen_at=instant(phone.get("lastHeartbeat"))
    )


def _reply(body: dict[str, Any]) -> list[Receipt | Reply]:
    sender, text = clean(body.get("sender")), clean(body.get("message"))
    at = body.get("receivedAt")
    if not sender or text is None:
        return []
    # Not smsId: a phone that reports an SMS twice can be given two (textbee/textbee#159).
    key = dedupe_key("textbee", body["deviceId"], sender, at, text)
    return [Reply(sender, text, None, instant(at), key)]


def _device(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{24}", value):
        raise ValueError("not the id of a device: give the 24 characters that textbee's dashboard shows")
    return value


class TextbeeAccount(Account):
    """A phone at textbee: ``device`` is its id there."""

    kind: Literal["textbee"] = "textbee"
    url: BaseUrl = "https://api.textbee.dev/api/v1"
    device: Annotated[str, AfterValidator(_device)]

    def open(self, name: str) -> Textbee:
        """The adapter for this account."""
        secret = self.webhook_secret.get_secret_value() if self.webhook_secret else None
        return Textbee(name, self.url, self.key.get_secret_value(), self.device, secret)


ACCOUNT = TextbeeAccount
