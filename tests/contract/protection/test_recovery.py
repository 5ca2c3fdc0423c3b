"""The health question, over a real database: who is asked, when, and what an answer is worth."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread

from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.protection.recovery import RecoveryWatch
from otp_worker.store.database import Database
from tests.contract.deliver.phones import Phones, number, sim
from tests.contract.service import ACCEPTED, OFFLINE, ObedientGateway


@dataclass
class AskedGateway(ObedientGateway):
    """Answers the health question as the test says, and counts how often it was asked."""

    answer: Callable[[], bool | None] = lambda: None
    asked: int = field(default=0)

    def health(self) -> bool | None:
        self.asked += 1
        return self.answer()


def away(db: Database, *names: str) -> tuple[Phones, dict[str, AskedGateway]]:
    """Gateways that can be asked, each of which has been found away."""
    phones = Phones(db, *map(sim, names))
    asked = {name: AskedGateway(name=name, outcomes=[OFFLINE]) for name in names}
    phones.gateways.update(asked)
    phones.service.recovery = RecoveryWatch(
        phones.service.breaker, phones.service.sims.gateways, phones.service.clock
    )
    for n in range(20 * len(names)):
        phones.service.issue(number(n))
    phones.work(FAILURES_TO_OPEN * 2)
    assert all(phones.service.breaker.state(name).is_open for name in names)
    return phones, asked


def test_who_is_well_is_not_asked(db: Database) -> None:
    phones, asked = away(db, "a")
    asked["a"].outcomes = [ACCEPTED]
    phones.work(10)
    before = asked["a"].asked
    assert not phones.service.recovery.ask()
    assert asked["a"].asked == before


def test_no_message_is_a_probe_while_the_gateway_says_no(db: Database) -> None:
    phones, asked = away(db, "a")
    asked["a"].answer = lambda: False
    phones.service.recovery.ask()
    before = phones.sent()
    phones.work(60)
    assert phones.sent() == before


def test_when_no_turns_to_yes_the_next_message_is_tried_at_once(db: Database) -> None:
    phones, asked = away(db, "a")
    asked["a"].answer = lambda: False
    phones.service.recovery.ask()
    asked["a"].answer, asked["a"].outcomes = lambda: True, [ACCEPTED]
    assert phones.service.recovery.ask()
    before = phones.sent()["a"]
    phones.work(1)
    assert phones.sent()["a"] == before + 1


def test_a_yes_that_was_never_a_no_makes_no_storm(db: Database) -> None:
    phones, asked = away(db, "a")
    asked["a"].answer = lambda: True
    before = phones.sent()["a"]
    phones.work(60)
    assert 6 <= phones.sent()["a"] - before <= 12


def test_a_gateway_that_cannot_be_asked_any_more_is_probed_by_messages_again(db: Database) -> None:
    phones, asked = away(db, "a")
    asked["a"].answer = lambda: False
    phones.work(5)
    asked["a"].answer, asked["a"].outcomes = lambda: None, [ACCEPTED]
    phones.work(10)
    assert not phones.service.breaker.state("a").is_open


def test_a_health_question_ends_the_wait_that_a_gateway_asked_for(db: Database) -> None:
    phones, asked = away(db, "a")
    wait = Outcome(OutcomeKind.THROTTLED, "fewer, please", retry_after_seconds=600)
    asked["a"].outcomes = [wait, ACCEPTED]
    phones.work(10)
    asked["a"].answer = lambda: False
    phones.service.recovery.ask()
    asked["a"].answer = lambda: True
    assert phones.service.recovery.ask()
    phones.work(3)
    assert phones.send().delivery.status is DeliveryStatus.SENT


def test_one_that_hangs_keeps_nobody_from_asking_another(db: Database) -> None:
    phones, asked = away(db, "a", "b")
    hangs, goes_on = Event(), Event()

    def hang() -> bool:
        hangs.set()
        goes_on.wait()
        return False

    asked["a"].answer, asked["b"].answer = hang, lambda: True
    first = Thread(target=phones.service.recovery.ask)
    first.start()
    try:
        hangs.wait()
        while not phones.service.breaker.state("b").healthy:
            phones.service.recovery.ask()
        assert first.is_alive()
    finally:
        goes_on.set()
        first.join()
    assert phones.service.breaker.state("a").healthy is False
