"""A gateway's answer, its receipts, a reply and a poll in every order, for every adapter: one end."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select, update

from otp_worker.deliver.receipt_poller import Poller
from otp_worker.domain.gateway import CallbackRequest, Gateway, Message, Outcome, OutcomeKind, Receipt, Reply
from otp_worker.domain.gateway import ReceiptKind as Kind
from otp_worker.domain.ports import Outbox
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.sms_text import LANGUAGES
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.gateways.registry import account_kinds
from otp_worker.inbound.callbacks import Callbacks, callback_url, inbound_url
from otp_worker.inbound.canary import Canaries
from otp_worker.inbound.replies import Replies
from otp_worker.store import early_receipts
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries
from tests.contract.service import LOST, NUMBER, SHOP, START, Service

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
        answering = Replies(service.db, service.keyring, LANGUAGES, 3600, Outbox((), lambda _: True))
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


@pytest.fixture
def service(db: Database) -> Service:
    gateways: dict[str, Gateway] = {}
    service = Service(db, sims=Sims((Sim("obedient", "obedient"),), gateways))
    service.gateways = gateways
    return service


@pytest.mark.parametrize("receipts", ENDS, ids=lambda kinds: " and ".join(kinds))
@pytest.mark.parametrize("adapter", ADAPTERS, ids=name_of)
def test_in_every_order_it_ends_where_the_receipts_say(
    service: Service, adapter: Adapter, receipts: tuple[Kind, ...]
) -> None:
    for order in orders(receipts):
        exchange = Exchange(service, adapter)
        events = {kind.value: exchange.receipt(kind) for kind in receipts} | {"reply": exchange.reply}
        before, after = order[: order.index("answer")], order[order.index("answer") + 1 :]
        poll = exchange.poll(receipts[-1])
        exchange.run([events[each] for each in before], [*(events[each] for each in after), poll])
        found = service.read(exchange.verification)
        assert found.delivery.status is ENDS[receipts], order
        assert found.delivery.sent_at is not None
        assert (found.delivery.delivered_at is not None) is (Kind.DELIVERED in receipts)
        assert found.status is VerificationStatus.PENDING
        assert found.delivery.gateway == "obedient"
        with service.db.read() as connection:
            known = select(deliveries.c.gateway_message_id).where(deliveries.c.id == exchange.id)
            assert connection.execute(known).scalar() == adapter.message_id(exchange.id)
        service.issuer.cancel(exchange.verification.id, SHOP, service.clock())
        forget_message_ids(service)


def orders(receipts: tuple[Kind, ...]) -> Iterator[tuple[str, ...]]:
    """Every order of the answer and the receipts, with the reply before all and after all of them."""
    for order in permutations(("answer", *(kind.value for kind in receipts))):
        yield ("reply", *order)
        yield (*order, "reply")


@pytest.mark.parametrize("kind", [Kind.SENT, Kind.DELIVERED, Kind.UNDELIVERED])
@pytest.mark.parametrize(
    "adapter", [each for each in ADAPTERS if each.kind in ("smsgate", "httpsms")], ids=name_of
)
def test_a_receipt_that_comes_and_an_answer_that_is_lost_make_no_second_sms(
    service: Service, adapter: Adapter, kind: Kind
) -> None:
    exchange = Exchange(service, adapter, outcome=LOST)
    exchange.run([exchange.receipt(kind)], [])
    assert service.read(exchange.verification).delivery.status is ENDS[(kind,)]


def test_a_receipt_of_a_stranger_is_forgotten_soon(service: Service) -> None:
    textbee = next(each for each in ADAPTERS if each.kind == "textbee")
    exchange = Exchange(service, textbee)
    exchange.receipt(Kind.DELIVERED)()
    service.clock.move(early_receipts.KEPT_SECONDS + 1)
    service.expirer.purge(service.clock())
    assert early_receipts.find(service.db, "obedient", [BATCH]) == []


def test_a_receipt_of_another_gateway_is_not_taken_for_ours(service: Service) -> None:
    early_receipts.keep(service.db, "another", BATCH, Kind.UNDELIVERED, START)
    exchange = Exchange(service, next(each for each in ADAPTERS if each.kind == "textbee"))
    exchange.run([], [])
    assert service.read(exchange.verification).delivery.status is DeliveryStatus.SENT


def test_an_answer_that_is_written_down_while_its_receipt_comes_finds_it(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look for the delivery and the keeping of the receipt the answer is written down whole."""
    exchange = Exchange(service, next(each for each in ADAPTERS if each.kind == "textbee"))
    keep = early_receipts.keep

    def keep_late(*arguments: Any) -> None:
        service.deliver(exchange.verification)
        keep(*arguments)

    monkeypatch.setattr(early_receipts, "keep", keep_late)
    exchange.receipt(Kind.UNDELIVERED)()
    assert service.read(exchange.verification).delivery.status is DeliveryStatus.UNDELIVERED


def forget_message_ids(service: Service) -> None:
    """The next SMS is given the same id as the one before."""
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(gateway_message_id=None))
