"""Asking gateways how far an SMS came, over a real database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select

from otp_worker.deliver.receipt_poller import FIRST_POLL, POLLED_FOR, Poller, first_poll_at, next_poll_at
from otp_worker.domain.gateway import Capabilities, Receipt, ReceiptKind
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store import polls
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries
from tests.contract.service import START, ObedientGateway, Service


@dataclass
class AskedGateway(ObedientGateway):
    """Tells when it is asked; remembers each question."""

    capabilities: Capabilities = field(default_factory=lambda: Capabilities(poll=True))
    says: ReceiptKind | None = None
    asked: list[str] = field(default_factory=list)

    def poll(self, message_id: str) -> Receipt | None:
        self.asked.append(message_id)
        return Receipt(self.says, None, message_id) if self.says else None


@pytest.fixture
def gateway() -> AskedGateway:
    return AskedGateway()


@pytest.fixture
def service(db: Database, gateway: AskedGateway) -> Service:
    service = Service(db, sims=Sims((Sim("obedient", "obedient"),), {"obedient": gateway}))
    service.gateway = gateway
    return service


@pytest.fixture
def poller(service: Service) -> Poller:
    return Poller(service.db, service.sims.gateways)


def poll_at(service: Service) -> object:
    with service.db.read() as connection:
        return connection.execute(select(deliveries.c.poll_at)).scalar_one()


def test_it_is_asked_when_it_is_due_and_not_before(
    service: Service, gateway: AskedGateway, poller: Poller
) -> None:
    verification, _ = service.sent()
    gateway.says = ReceiptKind.DELIVERED
    service.clock.move(4)
    assert poller.poll(service.clock()) == 0
    assert gateway.asked == []
    service.clock.move(1)
    assert poller.poll(service.clock()) == 1
    assert service.read(verification).delivery.status is DeliveryStatus.DELIVERED


@pytest.mark.parametrize("kind", [ReceiptKind.DELIVERED, ReceiptKind.UNDELIVERED, ReceiptKind.UNREACHABLE])
def test_after_the_last_word_nothing_is_asked(
    service: Service, gateway: AskedGateway, poller: Poller, kind: ReceiptKind
) -> None:
    service.sent()
    gateway.says = kind
    for _ in range(200):
        service.clock.move(5)
        poller.poll(service.clock())
    assert len(gateway.asked) == 1
    assert poll_at(service) is None


def test_it_is_asked_less_and_less_often_and_not_for_ever(
    service: Service, gateway: AskedGateway, poller: Poller
) -> None:
    service.sent()
    gateway.says = ReceiptKind.SENT
    for _ in range(3000):
        service.clock.move(1)
        poller.poll(service.clock())
    # At 5, 10, 20, 40 and 80 s, and then every minute for ten minutes.
    assert len(gateway.asked) == 13
    assert poll_at(service) is None


def test_two_that_ask_at_once_ask_once(service: Service, gateway: AskedGateway) -> None:
    for _ in range(10):
        service.sent()
    service.clock.move(5)
    pollers = [Poller(service.db, service.sims.gateways) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: each.poll(service.clock()), pollers))
    assert len(gateway.asked) == 10


def test_a_run_ends_in_time_whatever_the_gateway_takes(
    service: Service, gateway: AskedGateway, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(10):
        service.sent()
    service.clock.move(5)
    passed = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: passed[0])
    ask = gateway.poll

    def slowly(message_id: str) -> Receipt | None:
        passed[0] += 4
        return ask(message_id)

    gateway.poll = slowly  # type: ignore[method-assign]
    poller.poll(service.clock())
    assert len(gateway.asked) == 3


def test_one_run_at_a_time_asks_in_a_process(
    service: Service, gateway: AskedGateway, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that hangs holds up one thread of upkeep, and not all."""
    for _ in range(2):
        service.sent()
    service.clock.move(5)
    gateway.says = ReceiptKind.DELIVERED
    ask, meanwhile = gateway.poll, list[int]()

    def ask_while_another_run_begins(message_id: str) -> Receipt | None:
        meanwhile.append(poller.poll(service.clock()))
        return ask(message_id)

    monkeypatch.setattr(gateway, "poll", ask_while_another_run_begins)
    assert poller.poll(service.clock()) == 2
    assert meanwhile == [0, 0]


@pytest.mark.parametrize(
    ("capabilities", "message_id", "url", "asks"),
    [
        (Capabilities(poll=True), "msg_1", "https://us/cb", True),
        (Capabilities(poll=True, push=True), "msg_1", "https://us/cb", False),
        (Capabilities(poll=True, push=True), "msg_1", None, True),
        (Capabilities(poll=True), None, None, False),
        (Capabilities(push=True), "msg_1", None, False),
    ],
)
def test_only_what_is_not_told_and_can_be_asked_is_asked(
    capabilities: Capabilities, message_id: str | None, url: str | None, asks: bool
) -> None:
    gateway = AskedGateway(capabilities=capabilities)
    assert first_poll_at(gateway, message_id, url, START) == (START + FIRST_POLL if asks else None)


def test_no_question_comes_after_ten_minutes() -> None:
    assert next_poll_at(START, START + POLLED_FOR - timedelta(seconds=59)) is None
    assert next_poll_at(START, START + POLLED_FOR - timedelta(seconds=60)) == START + POLLED_FOR


def test_a_gateway_that_is_gone_from_the_file_is_not_asked(service: Service) -> None:
    service.sent()
    service.clock.move(5)
    assert Poller(service.db, {}).poll(service.clock()) == 0
    assert polls.due_polls(service.db, service.clock(), 10) == []
