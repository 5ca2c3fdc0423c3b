"""SMSGate: one authenticated POST to its cloud, to a server of one's own or to the phone itself.

The three speak one API. What is relied on stands in the sources of its server (android-sms-gateway/server)
and of its app (capcom6/android-sms-gateway).
"""

import hashlib
import hmac
import json
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator

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
    Reply,
)
from otp_worker.gateways.account import Account, BaseUrl
from otp_worker.gateways.client import Answer, BoundedClient
from otp_worker.gateways.parsing import health_of, instant, outcome_of, told_by, usual_outcome
from otp_worker.gateways.smsgate_parsing import (
    id_of,
    read_battery,
    read_event,
    read_phones,
    read_sent,
    read_state,
)

SHORTEST_TTL_SECONDS = 5
AHEAD_OF_THE_PHONES_LIMITS = 100
SIGNATURE_AGE_SECONDS = 300
ASK_SECONDS = 10.0

_BAD_SLOT = Outcome(OutcomeKind.MISCONFIGURED, "slot: SMSGate calls a phone's SIMs 1, 2 and 3")
_TOO_SHORT = Outcome(OutcomeKind.REFUSED, "its life is shorter than the 5 s that SMSGate can be told")


class SmsGate(Gateway):
    """One SMSGate account; its fields are those of ``SmsGateAccount``.

    An id is unique for one phone: only where ``device`` pins the phone is a repeated message not sent twice.
    """

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        *,
        device: str | None = None,
        active_within_hours: int = 0,
        webhook_secret: str | None = None,
    ) -> None:
        self.name = name
        self.capabilities = Capabilities(
            dedupe=device is not None, ttl=True, poll=True, push=True, signature=True, sim_choice=True
        )
        self._url = url.rstrip("/")
        self._filter = f"?deviceActiveWithin={active_within_hours}" if active_within_hours else ""
        self._headers = {"Authorization": f"Basic {b64encode(key.encode()).decode()}"}
        self._device = device
        self._webhook_secret = webhook_secret
        self._client = BoundedClient()

    def send(self, message: Message) -> Outcome:
        """POST one message under its own id; ``slot`` is the number of the SIM in the phone, 1 to 3."""
        if message.slot not in (None, "1", "2", "3"):
            return _BAD_SLOT
        if message.life_seconds < SHORTEST_TTL_SECONDS:
            return _TOO_SHORT
        message_id = id_of(message.reference)
        url, body = f"{self._url}/messages{self._filter}", json.dumps(self._payload(message_id, message))
        seconds = message.timeout_seconds
        return outcome_of(
            lambda: self._client.post(url, body.encode(), self._headers, seconds, message.may_leave),
            lambda answer: read_sent(answer, message_id),
        )

    def probe(self) -> Outcome:
        """Ask for the account's phones: that takes the key, and shows whether there is one to send by."""
        return outcome_of(self._list_phones, self._probed)

    def health(self) -> bool | None:
        """A phone's own server tells its health; another one does not say whether it reaches the phone."""
        return health_of(outcome_of(lambda: self._get("/health", HEALTH_SECONDS), _healthy))

    def poll(self, message_id: str) -> Receipt | None:
        """The state of a message; one that is pending or in the phone's hands says nothing yet."""
        path = f"/messages/{quote(message_id, safe='')}"
        return told_by(lambda: read_state(self._get(path), message_id))

    # A server sees the phone when it polls, which is every 15 minutes.
    silent_after = timedelta(minutes=35)

    def phone_state(self) -> PhoneState | None:
        """A phone's own server tells its battery; the cloud and other servers tell when they saw it last."""
        return told_by(self._phone_state)

    def _phone_state(self) -> PhoneState | None:
        battery = read_battery(self._get("/health"))
        if battery is not None:
            return PhoneState(online=True, battery_percent=battery)
        phones = self._ours(self._list_phones())
        if phones is None:
            return None
        seen = [at for phone in phones if (at := instant(phone.get("lastSeen")))]
        return PhoneState(online=None if phones else False, last_seen_at=max(seen, default=None))

    def signature_is_good(self, request: CallbackRequest, now: datetime) -> bool | None:
        """Check ``X-Signature``, hex HMAC-SHA256 over the raw body and ``X-Timestamp``.

        The timestamp is the phone's, made anew for every post: it is good for 300 s either way.
        """
        given, signed_at = request.headers.get("x-signature"), request.headers.get("x-timestamp", "")
        if given is None:
            return None
        if not self._webhook_secret or not _is_recent(signed_at, now):
            return False
        mac = hmac.digest(self._webhook_secret.encode(), request.body + signed_at.encode(), hashlib.sha256)
        return hmac.compare_digest(mac.hex().encode(), given.encode())

    def read_callback(self, request: CallbackRequest) -> list[Receipt | Reply]:
        """An SMS that came in, or how far one of ours came."""
        return read_event(request)

    def _payload(self, message_id: str, message: Message) -> dict[str, object]:
        payload: dict[str, object] = {
            "id": message_id,
            "textMessage": {"text": message.text},
            "phoneNumbers": [message.to],
            "ttl": int(message.life_seconds),
            "priority": AHEAD_OF_THE_PHONES_LIMITS,
            "withDeliveryReport": True,
        }
        if self._device:
            payload["deviceId"] = self._device
        if message.slot:
            payload["simNumber"] = int(message.slot)
        return payload

    def _get(self, path: str, seconds: float = ASK_SECONDS) -> Answer:
        return self._client.get(f"{self._url}{path}", self._headers, seconds)

    def _list_phones(self) -> Answer:
        answer = self._get("/devices")
        # A phone's own server has only the older name.
        return self._get("/device") if answer.status == 404 else answer

    def _ours(self, answer: Answer) -> list[dict[str, Any]] | None:
        """The phones that may be sent by; None where the answer does not tell."""
        phones = read_phones(answer)
        if phones is None or self._device is None:
            return phones
        return [phone for phone in phones if phone.get("id") == self._device]

    def _probed(self, answer: Answer) -> Outcome:
        phones = self._ours(answer)
        if phones is None:
            return usual_outcome(answer, "no error code")
        if not phones:
            return Outcome(OutcomeKind.UNAVAILABLE, "no phone is paired, or none has the id given as device")
        return Outcome(OutcomeKind.ACCEPTED, "the gateway answers and takes the key")


def _healthy(answer: Answer) -> Outcome:
    if read_battery(answer) is None:
        return Outcome(OutcomeKind.UNCERTAIN, "it does not speak for the phone")
    return Outcome(OutcomeKind.ACCEPTED, "the phone's own server answers")


def _is_recent(signed_at: str, now: datetime) -> bool:
    if not (signed_at.isascii() and signed_at.isdigit() and len(signed_at) <= 12):
        return False
    return abs(now.timestamp() - int(signed_at)) <= SIGNATURE_AGE_SECONDS


class SmsGateAccount(Account):
    """An account at SMSGate: ``url`` ends before ``/messages``, ``key`` is ``user:password``.

    ``device`` pins the phone by its id. With ``active_within_hours`` a server refuses a message where it has
    not seen the phone for so long; without it a message waits there for a phone that is away.
    ``webhook_secret`` is the app's signing key. Its webhooks are registered once for each of ``sms:sent``,
    ``sms:delivered``, ``sms:failed`` and ``sms:received``.
    """

    kind: Literal["smsgate"] = "smsgate"
    url: BaseUrl = "https://api.sms-gate.app/3rdparty/v1"
    device: str | None = Field(None, min_length=1)
    active_within_hours: int = Field(0, ge=0)

    @field_validator("key")
    @classmethod
    def _is_user_and_password(cls, value: SecretStr) -> SecretStr:
        if ":" not in value.get_secret_value():
            raise ValueError("not user:password, as the app shows them")
        return value

    def open(self, name: str) -> SmsGate:
        """The adapter for this account."""
        return SmsGate(
            name,
            self.url,
            self.key.get_secret_value(),
            device=self.device,
            active_within_hours=self.active_within_hours,
            webhook_secret=self.webhook_secret.get_secret_value() if self.webhook_secret else None,
        )


ACCOUNT = SmsGateAccount
