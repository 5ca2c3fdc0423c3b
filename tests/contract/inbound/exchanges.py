"""A gateway's answer, its receipts, a reply and a poll, each as its adapter tells it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from otp_worker.deliver.receipt_poller import Poller
from otp_worker.domain.gateway import CallbackRequest, Gateway, Message, Outcome, OutcomeKind, Receipt, Reply
from otp_worker.domain.gateway import ReceiptKind as Kind
from otp_worker.domain.ports import Outbox
from otp_worker.domain.reply import REPLY_LANGUAGES
from otp_worker.domain.verification import DeliveryStatus, Verification
from otp_worker.gateways.registry import account_kinds
from otp_worker.inbound.callbacks import Callbacks, callback_url, inbound_url
from otp_worker.inbound.canary import Canaries
from otp_worker.inbound.replies import Replies
from tests.contract.service import NUMBER, START, Service

URL = "https://otp.example"
BATCH = "5f0000000000000000000001"
DEVICE = "5f00000000000000000000aa"


@dataclass(frozen=True)
class Adapter:
    """A kind of account, and how its gateway posts a receipt.

    ``by_delivery`` marks those that post it to the delivery's own URL, the others to one for all.
    """

    kind: str
    account: dict[str, Any]
    message_id: Callable[[str], str | None]
    words: dict[Kind, str]
    receipt: Callable[[str, str], dict[str, Any]]
    by_delivery: bool = False


ADAPTERS = [
    Adapter(
        "mobile_api_connect",
        {"url": "http://gateway.invalid/v1"},
        lambda _: "msg_1",
        {Kind.SENT: "sent", Kind.DELIVERED: "delivered", Kind.UNDELIVERED: "failed"},
        lambda reference, word: {"status": word, "ref": reference},
        by_delivery=True,
    ),
    Adapter(
        "mobile_api_connect",
        {"url": "http://gateway.invalid/v1"},
        lambda _: "msg_1",
        {Kind.SENT: "sent", Kind.DELIVERED: "delivered", Kind.UNDELIVERED: "failed"},
        lambda _, word: {"status": word, "id": "msg_1"},
    ),
    Adapter(
        "kannel",
        {"key": "user:password"},
        lambda _: None,
        {Kind.SENT: "8", Kind.DELIVERED: "1", Kind.UNDELIVERED: "2"},
        lambda _, word: {"d": word},
        by_delivery=True,
    ),
    Adapter(
        "smsgate",
        {"key": "user:password", "device": DEVICE},
        lambda reference: reference,
        {Kind.SENT: "sms:sent", Kind.DELIVERED: "sms:delivered", Kind.UNDELIVERED: "sms:failed"},
        lambda reference, word: {"event": word, "payload": {"messageId": reference}},
    ),
    Adapter(
        "httpsms",
        {"sender": "+447700900000"},
        lambda _: "5c1d8a6e",
        {
            Kind.SENT: "message.phone.sent",
            Kind.DELIVERED: "message.phone.delivered",
            Kind.UNDELIVERED: "message.send.failed",
        },
        lambda reference, word: {"type": word, "data": {"request_id": reference, "id": "5c1d8a6e"}},
    ),
    Adapter(
        "textbee",
        {"device": DEVICE},
        lambda _: BATCH,
        {Kind.SENT: "MESSAGE_SENT", Kind.DELIVERED: "MESSAGE_DELIVERED", Kind.UNDELIVERED: "MESSAGE_FAILED"},
        lambda _, word: {"webhookEvent": word, "deviceId": DEVICE, "smsBatchId": BATCH},
    ),
    Adapter(
        "http_json",
        {
            "url": "http://gateway.invalid/sms",
            "body": {"to": "{to}", "text": "{text}"},
            "message_id": "id",
            "receipt_status": "state",
            "receipt_id": "id",
            "sent": ["gone"],
            "delivered": ["there"],
            "undelivered": ["lost"],
        },
        lambda _: "17",
        {Kind.SENT: "gone", Kind.DELIVERED: "there", Kind.UNDELIVERED: "lost"},
        lambda _, word: {"state": word, "id": "17"},
    ),
]
ENDS = {
    (Kind.SENT,): DeliveryStatus.SENT,
    (Kind.DELIVERED,): DeliveryStatus.DELIVERED,
    (Kind.UNDELIVERED,): DeliveryStatus.UNDELIVERED,
    (Kind.SENT, Kind.DELIVERED): DeliveryStatus.DELIVERED,
    (Kind.SENT, Kind.UNDELIVERED): DeliveryStatus.UNDELIVERED,
}
"""Where a delivery ends by its receipts, whatever their order and that of everything else."""


def name_of(adapter: Adapter) -> str:
    return f"{adapter.kind}, {'its own URL' if adapter.by_delivery else 'one URL for all'}"


@dataclass
class Exchange:
    """One SMS over one adapter; what can follow is told in an order of the test's choice."""

    service: Service
    adapter: Adapter
    gateway: Gateway = field(init=False)
    callbacks: Callbacks = field(init=False)
    verification: Verification = field(init=False)
    outcome: Outcome | None = None
    before: Iterable[Callable[[], object]] = ()

    def __post_init__(self) -> None:
        described = {"kind": self.adapter.kind, "key": "k", **self.adapter.account}
        self.gateway = account_kinds()[self.adapter.kind].model_validate(described).open("obedient")
        self.gateway.send = self.send  # type: ignore[method-assign]
        self.gateway.signature_is_good = lambda request, now: True  # type: ignore[method-assign]
        service = self.service
        service.gateways["obedient"] = self.gateway
        answering = Replies(service.db, service.keyring, REPLY_LANGUAGES, 3600, Outbox((), lambda _: True))
        canaries = Canaries(service.db, service.keyring, service.sims, service.breaker.away, Outbox((), bool))
        self.callbacks = Callbacks(
            service.db, service.keyring, service.gateways, answering, canaries, service.breaker
        )
        self.verification = service.issue()

    @property
    def id(self) -> str:
        return self.verification.delivery.id

    def send(self, message: Message) -> Outcome:
        for event in self.before:
            event()
        taken = Outcome(OutcomeKind.ACCEPTED, "accepted", self.adapter.message_id(message.reference))
        return self.outcome or taken

    def receipt(self, kind: Kind) -> Callable[[], object]:
        """The gateway posts a receipt."""
        told = self.adapter.receipt(self.id, self.adapter.words[kind])
        keyring = self.service.keyring
        url = (
            callback_url(URL, keyring, "obedient", self.id)
            if self.adapter.by_delivery
            else inbound_url(URL, keyring, "obedient")
        )
        request = CallbackRequest({}, json.dumps(told).encode(), told if "d" in told else {})
        token = (url or "").rpartition("/")[2]
        return lambda: self.callbacks.receive(
            self.callbacks.authenticate("obedient", token), request, self.service.clock()
        )

    def reply(self) -> None:
        """The person answers."""
        reply = Reply(NUMBER, "thank you", self.id, START, "one reply")
        self.callbacks.answering.take("obedient", reply, self.service.clock())

    def poll(self, kind: Kind) -> Callable[[], object]:
        """The gateway is asked how far the SMS came, if it can be just now."""
        self.gateway.poll = lambda message_id: Receipt(kind, None, message_id)  # type: ignore[method-assign]
        return lambda: Poller(self.service.db, self.service.sims.gateways).poll(self.service.clock())

    def run(self, before: Iterable[Callable[[], object]], after: Iterable[Callable[[], object]]) -> None:
        self.before = before
        self.service.deliver(self.verification)
        for event in after:
            self.service.clock.move(6)
            event()
