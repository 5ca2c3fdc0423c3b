"""How a message ends: by a receipt, by a STOP, or called back."""

import pytest
from sqlalchemy import select

from otp_worker.domain.errors import (
    OptedOutError,
)
from otp_worker.domain.gateway import ReceiptKind
from otp_worker.domain.message import MessageEndedError, MessageStatus
from otp_worker.store import opt_outs, receipts
from otp_worker.store.schema import verifications as rows
from tests.contract.messaging import Texting, sealed
from tests.contract.service import ACCEPTED, LOST, NUMBER, SHOP, Service


@pytest.fixture
def texting(service: Service) -> Texting:
    return Texting(service)


def test_a_receipt_that_overtakes_the_answer_ends_it(service: Service, texting: Texting) -> None:
    service.gateway.outcomes = [LOST]
    message = texting.sent()
    receipts.move_forward(service.db, f"{message.id}.1", ReceiptKind.DELIVERED, service.clock())
    assert texting.status(message) is MessageStatus.DELIVERED
    assert sealed(service, message.id) is None


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (ReceiptKind.DELIVERED, MessageStatus.DELIVERED),
        (ReceiptKind.UNDELIVERED, MessageStatus.UNDELIVERED),
        (ReceiptKind.UNREACHABLE, MessageStatus.FAILED),
    ],
)
def test_a_receipt_says_what_became_of_it(
    service: Service, texting: Texting, kind: ReceiptKind, status: MessageStatus
) -> None:
    message = texting.sent()
    receipts.move_forward(service.db, f"{message.id}.1", kind, service.clock())
    assert texting.status(message) is status


def test_one_that_is_called_back_is_never_sent(service: Service, texting: Texting) -> None:
    message = texting.ask()
    canceled = texting.messenger.cancel(message.id, SHOP, service.clock())
    assert texting.status(canceled) is MessageStatus.CANCELED
    assert sealed(service, message.id) is None
    texting.attempt(message)
    assert service.gateway.messages == []
    again = texting.messenger.cancel(message.id, SHOP, service.clock())
    assert texting.status(again) is MessageStatus.CANCELED


def test_what_was_sent_cannot_be_called_back(service: Service, texting: Texting) -> None:
    message = texting.sent()
    with pytest.raises(MessageEndedError, match="sent"):
        texting.messenger.cancel(message.id, SHOP, service.clock())


def test_a_stop_is_heard_before_and_between_attempts(service: Service, texting: Texting) -> None:
    service.gateway.outcomes = [LOST, ACCEPTED]
    untried, tried = texting.ask(), texting.sent()
    hashes = service.keyring.number_hashes(NUMBER)
    with service.db.write() as connection:
        opt_outs.stop(connection, hashes, "+44********56", service.clock(), service.clock())
    for message in (untried, tried):
        assert texting.status(message) is MessageStatus.FAILED
        assert sealed(service, message.id) is None
    service.clock.move(2)
    texting.attempt(untried)
    texting.attempt(tried)
    assert len(service.gateway.messages) == 1
    with pytest.raises(OptedOutError):
        texting.ask()


def test_the_plain_number_goes_soon_after_the_end(service: Service, texting: Texting) -> None:
    message = texting.sent()
    service.clock.move(3601)
    service.expirer.purge(service.clock())
    with service.db.read() as connection:
        assert connection.execute(select(rows.c.number).where(rows.c.id == message.id)).scalar_one() is None
