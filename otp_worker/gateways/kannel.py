"""Kannel: one GET to smsbox's sendsms, and the link to a GSM modem or a carrier's SMSC sends the SMS.

Relied on is Kannel's user guide, and what bearerbox and smsbox 1.4.5 do. No id comes back for an SMS: its
receipts are known by the URL that they are posted to. For the key ``otp:password``, kannel.conf says::

    group = smsbox
    sendsms-port = 13013
    sendsms-interface = 127.0.0.1
    mo-recode = true
    http-request-retry = 10

    group = sendsms-user
    username = otp
    password = password

    group = sms-service
    keyword = default
    catch-all = true
    get-url = "(what otp-worker callback-url prints)?from=%q&to=%Q&text=%b&at=%t"
    max-messages = 0

- Without a ``smsc-id`` in a ``group = smsc`` there are no receipts; where SIMs are chosen, each also says
  ``allowed-smsc-id``, and ``smsc`` names the one for messages that choose none.
- ``mo-recode`` passes every text on as UTF-8, and ``max-messages = 0`` keeps Kannel from texting an answer of
  its own to whoever writes. A ``smsbox-id`` keeps what comes in from this smsbox, unless a ``smsbox-route``
  names it.
- A ``log-level`` below 2 or an ``access-log`` writes down every text, and so every code.
"""

import math
from collections.abc import Callable
from typing import Literal, Self
from urllib.parse import urlencode

from pydantic import Field, SecretStr, field_validator, model_validator

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
from otp_worker.domain.texts.alphabet import is_basic_gsm7
from otp_worker.gateways.account import Account, BaseUrl
from otp_worker.gateways.client import BoundedClient
from otp_worker.gateways.kannel_responses import outcome
from otp_worker.gateways.kannel_status import KannelStatus
from otp_worker.gateways.parsing import clean, dedupe_key, health_of, instant, outcome_of

PROBE_SECONDS = 10.0

_SEVEN_BIT, _UCS2 = "0", "2"
_HIGHEST_PRIORITY = "3"
# What %d is in a receipt's URL, by the user guide; 4, kept by the SMSC for a phone that is off, says nothing.
_RECEIPTS = {
    "1": ReceiptKind.DELIVERED,
    "2": ReceiptKind.UNDELIVERED,
    "8": ReceiptKind.SENT,
    "16": ReceiptKind.UNDELIVERED,
}
_WANTED_RECEIPTS = str(sum(map(int, _RECEIPTS)))


class Kannel(Gateway):
    """One sendsms-user of one Kannel.

    ``url`` is smsbox's base, ``user`` and ``password`` its sendsms-user's; ``smsc`` is the smsc-id that
    sends where a message chooses none, ``sender`` whom the SMS is from where a message does not say.
    """

    capabilities = Capabilities(ttl=True, push=True, sim_choice=True)

    def __init__(
        self,
        name: str,
        url: str,
        user: str,
        password: str,
        *,
        smsc: str | None = None,
        sender: str | None = None,
        status: KannelStatus | None = None,
    ) -> None:
        self.name = name
        self._url = f"{url}/cgi-bin/sendsms"
        self._login = {"username": user, "password": password}
        self._smsc = smsc
        self._sender = sender
        self._status = status
        self._client = BoundedClient()

    def send(self, message: Message) -> Outcome:
        """GET sendsms with the message in its query; its validity is the whole minutes left, at least one."""
        fields = {
            "to": message.to,
            "text": message.text,
            "charset": "UTF-8",
            "coding": _SEVEN_BIT if is_basic_gsm7(message.text) else _UCS2,
            "validity": str(max(1, math.floor(message.life_seconds / 60))),
            "priority": _HIGHEST_PRIORITY,
        }
        if sender := message.sender or self._sender:
            fields["from"] = sender
        if smsc := message.slot or self._smsc:
            fields["smsc"] = smsc
        if message.callback_url:
            fields |= {"dlr-mask": _WANTED_RECEIPTS, "dlr-url": _receipt_url(message.callback_url)}
        return self._get(fields, message.timeout_seconds, message.may_leave)

    def probe(self) -> Outcome:
        """Ask without sending: a message to nobody is refused as invalid once the password was taken."""
        return self._ask_nothing(PROBE_SECONDS)

    def health(self) -> bool | None:
        """Whether smsbox answers: it takes messages while a link is down, and keeps them."""
        return health_of(self._ask_nothing(HEALTH_SECONDS))

    def read_callback(self, request: CallbackRequest) -> list[Receipt | Reply]:
        """A receipt where the query has the ``d`` that we put into its URL, else a reply."""
        if "d" in request.query:
            kind = _RECEIPTS.get(request.query["d"])
            return [Receipt(kind, None, None)] if kind else []
        return _reply({name: clean(value) or "" for name, value in request.query.items()})

    def phone_state(self) -> PhoneState | None:
        """Whether a link to an SMSC is up, where the account says where bearerbox tells of that."""
        online = self._status.is_online(self._smsc) if self._status else None
        return None if online is None else PhoneState(online=online)

    def _ask_nothing(self, seconds: float) -> Outcome:
        asked = self._get({}, seconds, lambda: True)
        if asked.kind is OutcomeKind.REFUSED:
            return Outcome(OutcomeKind.ACCEPTED, "Kannel answers and takes the user and password")
        return asked

    def _get(self, fields: dict[str, str], seconds: float, may_leave: Callable[[], bool]) -> Outcome:
        url = f"{self._url}?{urlencode({**self._login, **fields})}"
        return outcome_of(lambda: self._client.get(url, {}, seconds, may_leave), outcome)


def _receipt_url(callback_url: str) -> str:
    """The URL that Kannel is to GET: it puts the receipt's kind for ``%d``, and one ``%`` for ``%%``."""
    joint = "&" if "?" in callback_url else "?"
    return f"{callback_url.replace('%', '%%')}{joint}d=%d"


def _reply(query: dict[str, str]) -> list[Receipt | Reply]:
    sender, text, at = query.get("from"), query.get("text"), query.get("at", "")
    if not sender or text is None:
        return []
    to = query.get("to")
    # Kannel's own id is of no use here: an SMS that a modem hands over twice would have two.
    key = dedupe_key(sender, to, at, text)
    return [Reply(sender, text, None, instant(at), key, to)]


class KannelAccount(Account):
    """A sendsms-user of a Kannel: ``key`` is its ``username:password``.

    ``admin_url`` is bearerbox's base, such as ``http://127.0.0.1:13000``, and ``status_password`` what its
    status page asks for: with them Kannel is asked whether its links are up.
    """

    kind: Literal["kannel"] = "kannel"
    url: BaseUrl = "http://127.0.0.1:13013"
    smsc: str | None = Field(None, min_length=1)
    sender: str | None = Field(None, min_length=1)
    admin_url: BaseUrl | None = None
    status_password: SecretStr | None = None

    @field_validator("key")
    @classmethod
    def _names_user_and_password(cls, key: SecretStr) -> SecretStr:
        user, _, password = key.get_secret_value().partition(":")
        if not user or not password:
            raise ValueError(
                "write it as username:password, the two of the sendsms-user group in kannel.conf"
            )
        return key

    @model_validator(mode="after")
    def _has_a_page_for_the_password(self) -> Self:
        if self.status_password and not self.admin_url:
            raise ValueError("status_password is of no use without admin_url, bearerbox's base: give both")
        return self

    def open(self, name: str) -> Kannel:
        """The adapter for this account."""
        user, _, password = self.key.get_secret_value().partition(":")
        asked = self.status_password.get_secret_value() if self.status_password else None
        status = KannelStatus(self.admin_url, asked) if self.admin_url else None
        return Kannel(name, self.url, user, password, smsc=self.smsc, sender=self.sender, status=status)


ACCOUNT = KannelAccount
