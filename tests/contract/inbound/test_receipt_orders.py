"""A gateway's answer, its receipts, a reply and a poll in every order, for every adapter: one end."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select, update

from otp_worker.domain.gateway import Gateway
from otp_worker.domain.gateway import ReceiptKind as Kind
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import early_receipts
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries
from tests.contract.inbound.exchanges import ADAPTERS, BATCH, ENDS, Adapter, Exchange, name_of
from tests.contract.service import LOST, SHOP, START, Service


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
