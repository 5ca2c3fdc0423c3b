"""Two resends of one verification at the same moment, as two processes of the intake make them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

from sqlalchemy import Connection, text

from otp_worker.domain.limits import Remaining
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store.database import Database
from otp_worker.store.issue import SendPreconditions
from otp_worker.store.new_delivery import NewDelivery
from otp_worker.store.resend import ResendNotAllowedError, insert_resend
from tests.contract.service import Service
from tests.waiting import awaited


@dataclass(frozen=True, slots=True)
class Holding(SendPreconditions):
    """Holds its transaction open until it is told to go on."""

    reached: Event = field(default_factory=Event)
    go_on: Event = field(default_factory=Event)

    def count(self, connection: Connection, now: datetime) -> list[Remaining]:
        self.reached.set()
        assert self.go_on.wait(10)
        return []


def waits_for_a_lock(db: Database) -> bool:
    """Whether a transaction waits for another; over SQLite it is a thread that waits for its turn."""
    if db.is_sqlite:
        return True
    waiting = text(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with db.read() as connection:
        return connection.execute(waiting).first() is not None


def test_the_second_finds_the_first_whatever_the_time_between_two_resends(service: Service) -> None:
    verification, _ = service.sent()
    service.clock.move(31)
    now = service.clock()
    new = NewDelivery(
        verification.id, 2, "GB", DeliveryStatus.QUEUED, None, now, now + timedelta(seconds=60), now
    )

    def resend(guard: SendPreconditions) -> bool:
        try:
            insert_resend(service.db, new, now, guard)
        except ResendNotAllowedError:
            return False
        return True

    holding = Holding()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(resend, holding)
        assert holding.reached.wait(10)
        second = pool.submit(resend, SendPreconditions())
        assert awaited(lambda: waits_for_a_lock(service.db))
        holding.go_on.set()
        assert (first.result(), second.result()) == (True, False)
