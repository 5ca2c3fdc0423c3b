"""What is counted of texts of apps' own: each came to one end, and they are no codes."""

from collections import Counter

import pytest

from otp_worker.domain.app import App
from otp_worker.domain.gateway import ReceiptKind
from otp_worker.domain.tally import Counted, MessageEvent
from otp_worker.store import receipts, tallies
from otp_worker.store.counted_steps import count_steps
from tests.contract.messaging import OTHER, Texting
from tests.contract.service import ACCEPTED, REFUSED, SHOP, Service


@pytest.fixture
def texting(service: Service) -> Texting:
    return Texting(service)


def counted(service: Service) -> Counter[str]:
    """How often each event was counted of British messages; other figures of codes are under ``codes``."""
    count_steps(service.db, service.clock())
    found: Counter[str] = Counter()
    for tally, total in tallies.ever(
        service.db, [Counted.MESSAGES, Counted.ACCEPTED, Counted.FAILED]
    ).items():
        found[tally.labels[1] if tally.name == Counted.MESSAGES else "codes"] += total.count
    return found


def test_each_message_is_counted_by_what_came_of_it(service: Service, texting: Texting) -> None:
    before = counted(service)
    delivered, undelivered = texting.sent(), texting.sent()
    receipts.move_forward(service.db, f"{delivered.id}.1", ReceiptKind.DELIVERED, service.clock())
    receipts.move_forward(service.db, f"{undelivered.id}.1", ReceiptKind.UNDELIVERED, service.clock())
    called_back = texting.ask(to=OTHER)
    texting.messenger.cancel(called_back.id, SHOP, service.clock())
    texting.ask(expires_in_seconds=30)
    service.gateway.outcomes = [REFUSED, ACCEPTED]
    texting.sent()
    service.clock.move(31)
    service.expirer.expire(service.clock())
    assert counted(service) - before == {
        MessageEvent.ACCEPTED: 5,
        MessageEvent.SENT: 2,
        MessageEvent.DELIVERED: 1,
        MessageEvent.UNDELIVERED: 1,
        MessageEvent.CANCELED: 1,
        MessageEvent.EXPIRED: 1,
        MessageEvent.FAILED: 1,
    }


def test_a_rehearsal_counts_for_nothing(service: Service) -> None:
    before = counted(service)
    Texting(service, App("shop", test=True)).sent()
    assert counted(service) == before
