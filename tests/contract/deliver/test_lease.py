"""The time that an attempt has: what is late, taken over or canceled is not handed over, what is accepted
is not forgotten.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from otp_worker.deliver.deliverer import Delivered
from otp_worker.deliver.lease import SETTLE_SECONDS
from otp_worker.domain.gateway import Message, Outcome, OutcomeKind
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.passcode import derive_code, hash_code
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import circuit_breakers, deliver, sim_budgets
from otp_worker.store.database import Database
from otp_worker.store.deliver import Job, Via
from otp_worker.store.receipts import AFTER_ALL
from otp_worker.store.schema import deliveries, verifications
from tests.contract.service import (
    ACCEPTED,
    LOST,
    OFFLINE,
    REFUSED,
    ROOT_SECRET,
    SHOP,
    START,
    ObedientGateway,
    Service,
)

VIA = Via("obedient", "obedient")
LEASE_SECONDS = 30


class SlowToReach(ObedientGateway):
    """Its name resolves slowly: meanwhile time passes and things happen; then the message is asked for."""

    def __init__(
        self, service: Service, seconds: float, meanwhile: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__()
        self._clock, self._seconds, self._meanwhile = service.clock, seconds, meanwhile

    def send(self, message: Message) -> Outcome:
        seconds, self._seconds = self._seconds, 0
        self._clock.move(seconds)
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        if not message.may_leave():
            return Outcome(OutcomeKind.WITHDRAWN, "withdrawn")
        return super().send(message)


def reach_slowly(
    service: Service, seconds: float, meanwhile: Callable[[], object] = lambda: None
) -> SlowToReach:
    gateway = SlowToReach(service, seconds, meanwhile)
    service.gateways["obedient"] = gateway
    return gateway


def stall(service: Service, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """The first attempt from here on stalls before it hashes its code, and meanwhile things happen."""
    stall_at("pepper", monkeypatch, meanwhile)


def stall_at(secret: str, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Stall once where a secret is asked for."""
    real = getattr(Keyring, secret)
    first = [meanwhile]

    def slowly(keyring: Keyring, key_id: str) -> Any:
        if first:
            first.pop()()
        return real(keyring, key_id)

    monkeypatch.setattr(Keyring, secret, slowly)


def test_a_code_whose_deadline_passes_while_the_gateway_is_reached_is_never_handed_over(
    service: Service,
) -> None:
    verification = service.issue()
    service.clock.move(299)
    gateway = reach_slowly(service, 4.1)
    assert service.deliver(verification) == Delivered("expired: not sent in time")
    assert gateway.messages == []
    found = service.read(verification)
    assert (found.status, found.delivery.status) == (VerificationStatus.FAILED, DeliveryStatus.EXPIRED)


def test_a_wall_clock_that_is_stepped_back_during_an_attempt_makes_no_time(service: Service) -> None:
    verification = service.issue()
    service.clock.move(299)
    passed = [0.0]
    service.deliverer = replace(service.deliverer, monotonic=lambda: passed[0])

    def stepped_back() -> None:
        passed[0] += 2
        service.clock.move(-3600)

    gateway = reach_slowly(service, 0, stepped_back)
    assert service.deliver(verification) == Delivered("expired: not sent in time")
    assert gateway.messages == []


def test_a_stalled_worker_sends_nothing_once_another_one_has_taken_over(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification = service.issue()

    def take_over() -> None:
        service.clock.move(LEASE_SECONDS + 1)
        service.deliver(verification)

    stall(service, monkeypatch, take_over)
    service.deliver(verification)
    assert len(service.gateway.messages) == 1
    assert service.read(verification).delivery.status is DeliveryStatus.SENT


def test_a_worker_that_is_taken_over_while_it_reaches_the_gateway_sends_nothing(service: Service) -> None:
    verification = service.issue()
    gateway = reach_slowly(service, LEASE_SECONDS + 1, lambda: service.deliver(verification))
    service.deliver(verification)
    assert len(gateway.messages) == 1


def test_a_worker_whose_lease_is_nearly_over_puts_the_delivery_back(service: Service) -> None:
    verification = service.issue()
    gateway = reach_slowly(service, LEASE_SECONDS - SETTLE_SECONDS)
    service.deliver(verification)
    assert gateway.messages == []
    found = service.read(verification).delivery
    assert (found.status, found.attempts, found.reason) == (
        DeliveryStatus.WAITING,
        0,
        "its worker took too long",
    )
    service.work()
    assert len(gateway.messages) == 1


@pytest.mark.parametrize("number", [1, 2])
def test_a_cancel_while_the_gateway_is_reached_stops_a_first_sms_and_a_resend(
    service: Service, number: int
) -> None:
    verification = service.issue()
    if number == 2:
        service.deliver(verification)
        service.clock.move(31)
        service.resend(verification)
    gateway = reach_slowly(service, 1, lambda: service.issuer.cancel(verification.id, SHOP, service.clock()))
    service.deliver(verification, number)
    assert gateway.messages == []
    assert service.read(verification).delivery.status is DeliveryStatus.SUPERSEDED


def test_a_resend_that_was_canceled_while_it_was_made_is_not_handed_over(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification, _ = service.sent()
    service.clock.move(31)
    service.resend(verification)
    stall_at("code_key", monkeypatch, lambda: service.issuer.cancel(verification.id, SHOP, service.clock()))
    service.deliver(verification, 2)
    assert len(service.gateway.messages) == 1


def test_what_was_withdrawn_gives_its_sims_turn_back(db: Database) -> None:
    gateway = ObedientGateway()
    known: dict[str, Any] = {"obedient": gateway}
    sim = Sim("obedient", "obedient", per_day=5)
    service = Service(db, sims=Sims((sim,), known))
    verification = service.issue()
    service.gateways = known
    reach_slowly(service, 1, lambda: service.issuer.cancel(verification.id, SHOP, service.clock()))
    service.deliver(verification)
    assert sim_budgets.usage(db, [sim], service.clock())[0].sent_today == 0


@pytest.mark.parametrize(("waited", "seconds"), [(0, 15), (LEASE_SECONDS - 15, 10), (24, 1)])
def test_an_exchange_ends_before_its_lease_does(
    service: Service, monkeypatch: pytest.MonkeyPatch, waited: float, seconds: float
) -> None:
    verification = service.issue()
    stall(service, monkeypatch, lambda: service.clock.move(waited))
    service.deliver(verification)
    assert service.gateway.messages[0].timeout_seconds == seconds


def test_an_exchange_ends_before_the_deadline_does(service: Service) -> None:
    verification = service.issue()
    service.clock.move(296)
    service.deliver(verification)
    assert service.gateway.messages[0].timeout_seconds == 4


def claimed(service: Service, verification_id: str) -> Job:
    job = deliver.claim(service.db, f"{verification_id}.1", service.clock(), LEASE_SECONDS)
    assert job is not None
    return job


@pytest.mark.parametrize("status", [DeliveryStatus.QUEUED, DeliveryStatus.WAITING, DeliveryStatus.SENDING])
def test_an_acceptance_moves_whatever_is_open_to_sent_whoever_has_the_lease(
    service: Service, status: DeliveryStatus
) -> None:
    verification = service.issue()
    late = claimed(service, verification.id)
    service.clock.move(LEASE_SECONDS + 1)
    claimed(service, verification.id)
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(status=status))
    deliver.settle_sent(service.db, late, VIA, "msg_1", service.clock(), "accepted")
    found = service.read(verification).delivery
    assert (found.status, found.sent_at, found.reason) == (
        DeliveryStatus.SENT,
        service.clock(),
        "accepted",
    )
    service.clock.move(60)
    service.work()
    assert service.gateway.messages == []


@pytest.mark.parametrize("status", [DeliveryStatus.EXPIRED, DeliveryStatus.FAILED, DeliveryStatus.SUPERSEDED])
def test_an_acceptance_of_what_was_given_up_is_noted_once(service: Service, status: DeliveryStatus) -> None:
    verification = service.issue()
    job = claimed(service, verification.id)
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(status=status, reason=None))
    for _ in range(2):
        deliver.settle_sent(service.db, job, VIA, "msg_1", service.clock(), "accepted")
    found = service.read(verification).delivery
    assert (found.status, found.reason, found.sent_at) == (status, f"{status}{AFTER_ALL}", START)


def test_of_two_acceptances_the_first_is_the_one_that_receipts_are_about(service: Service) -> None:
    verification = service.issue()
    job = claimed(service, verification.id)
    deliver.settle_sent(service.db, job, Via("obedient", "one"), "msg_1", service.clock(), "accepted")
    deliver.settle_sent(service.db, job, Via("other", "two"), "msg_2", service.clock(), "accepted")
    found = service.read(verification).delivery
    assert (found.gateway, found.sim) == ("obedient", "one")


def test_the_202_of_a_worker_that_was_taken_over_is_believed(service: Service) -> None:
    """The other worker found the phone away and let the delivery wait: it is not sent again."""
    verification = service.issue()
    gateway = reach_slowly(service, 0)

    def slowly(message: Message) -> Outcome:
        service.clock.move(LEASE_SECONDS + 1)
        for _ in range(FAILURES_TO_OPEN):
            circuit_breakers.note_failure(service.db, "obedient", service.clock(), service.clock(), "away")
        gateway.outcomes = [OFFLINE]
        gateway.send = send  # type: ignore[method-assign]
        service.deliver(verification)
        return ACCEPTED

    send = gateway.send
    gateway.send = slowly  # type: ignore[method-assign]
    service.deliver(verification)
    assert service.read(verification).delivery.status is DeliveryStatus.SENT
    attempts = len(gateway.messages)
    circuit_breakers.note_success(service.db, "obedient")
    service.clock.move(10)
    service.work()
    assert len(gateway.messages) == attempts


@pytest.mark.parametrize("outcome", [OFFLINE, LOST, REFUSED], ids=lambda outcome: outcome.kind.value)
def test_any_other_word_of_a_worker_that_was_taken_over_changes_nothing(
    service: Service, outcome: Outcome
) -> None:
    verification = service.issue()

    def slowly(message: Message) -> Outcome:
        service.clock.move(LEASE_SECONDS + 1)
        claimed(service, verification.id)
        return outcome

    service.gateway.send = slowly  # type: ignore[method-assign]
    service.deliver(verification)
    found = service.read(verification).delivery
    assert (found.status, found.attempts, found.reason) == (DeliveryStatus.SENDING, 2, None)


def test_a_worker_that_was_taken_over_does_not_put_back_what_another_one_has(service: Service) -> None:
    verification = service.issue()
    late = claimed(service, verification.id)
    service.clock.move(LEASE_SECONDS + 1)
    claimed(service, verification.id)
    deliver.park(service.db, late, service.clock(), "away")
    assert service.read(verification).delivery.status is DeliveryStatus.SENDING


def test_a_second_lost_answer_of_a_worker_that_was_taken_over_changes_nothing(service: Service) -> None:
    verification = service.issue()
    late = claimed(service, verification.id)
    service.clock.move(LEASE_SECONDS + 1)
    claimed(service, verification.id)
    deliver.settle_presumed_sent(service.db, late, VIA, service.clock(), "lost")
    assert service.read(verification).delivery.status is DeliveryStatus.SENDING


class Away:
    """A statement that fails so often before it works, as while a database restarts."""

    def __init__(self, real: Callable[..., Any], times: int) -> None:
        self._real, self._times = real, times

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self._times:
            self._times -= 1
            raise OperationalError("UPDATE", {}, Exception("the database restarts"))
        return self._real(*arguments, **named)


@pytest.mark.parametrize(
    ("statement", "outcome", "status"),
    [
        ("settle_sent", ACCEPTED, DeliveryStatus.SENT),
        ("settle_retry", LOST, DeliveryStatus.QUEUED),
        ("settle_failed", REFUSED, DeliveryStatus.FAILED),
    ],
)
def test_what_came_of_an_attempt_is_written_down_when_the_database_is_back(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    statement: str,
    outcome: Outcome,
    status: DeliveryStatus,
) -> None:
    service.gateway.outcomes = [outcome]
    monkeypatch.setattr(deliver, statement, Away(getattr(deliver, statement), times=10))
    verification = service.issue()
    service.deliver(verification)
    assert service.read(verification).delivery.status is status
    assert len(service.gateway.messages) == 1


def test_it_is_tried_until_the_lease_ends(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "settle_sent", Away(deliver.settle_sent, times=1000))
    verification = service.issue()
    with pytest.raises(OperationalError):
        service.deliver(verification)
    assert LEASE_SECONDS - 1 <= (service.clock() - START).total_seconds() < LEASE_SECONDS


def test_nothing_else_can_fail_before_an_acceptance_is_written_down(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit_breakers, "note_success", Away(circuit_breakers.note_success, times=1000))
    circuit_breakers.note_failure(service.db, "obedient", START, START, "away")
    verification = service.issue()
    with pytest.raises(OperationalError):
        service.deliver(verification)
    assert service.read(verification).delivery.status is DeliveryStatus.SENT


def test_a_statement_that_is_wrong_is_not_tried_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object, **__: object) -> None:
        raise ValueError

    monkeypatch.setattr(deliver, "settle_sent", wrong)
    with pytest.raises(ValueError):  # noqa: PT011
        service.deliver(service.issue())
    assert service.clock() == START


def test_a_message_of_a_test_key_is_withdrawn_like_any_other(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = replace(SHOP, name="test:shop", test=True)
    verification = service.issue(app=app)
    stall(service, monkeypatch, lambda: service.clock.move(timedelta(minutes=5).total_seconds()))
    assert service.deliver(verification) == Delivered("expired: not sent in time")


@pytest.mark.parametrize("first", ["old key", "new key"])
def test_two_workers_with_other_code_keys_never_send_a_code_that_is_not_the_stored_one(
    service: Service, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """One stalls before it has stored its hash, the other takes over, and each has another newest key."""
    keyrings = [
        Keyring([ROOT_SECRET], ["a newer code secret", "a code secret of the tests"]),
        service.keyring,
    ]
    if first == "old key":
        keyrings.reverse()
    late, other = (replace(service.deliverer, keyring=keyring) for keyring in keyrings)
    verification = service.issue()

    def take_over() -> None:
        service.clock.move(LEASE_SECONDS + 1)
        other.deliver(verification.delivery.id)

    stall(service, monkeypatch, take_over)
    late.deliver(verification.delivery.id)
    assert len(service.gateway.codes) == 1
    assert service.check(verification, service.gateway.codes[0]).valid


def test_a_worker_that_is_overtaken_in_storing_its_hash_sends_the_code_that_was_stored(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = Keyring([ROOT_SECRET], ["a newer code secret", "a code secret of the tests"])
    service.deliverer = replace(service.deliverer, keyring=newer)
    verification = service.issue()
    old = service.keyring
    with service.db.read() as connection:
        row = connection.execute(select(verifications)).one()
    code = derive_code(old.code_key(old.newest_code_key), row.seed, row.id, row.code_length)
    stored = hash_code(old.pepper(row.key_id), row.id, code, 4)
    stall(
        service,
        monkeypatch,
        lambda: deliver.keep_hash(service.db, row.id, stored, old.newest_code_key),
    )
    service.deliver(verification)
    assert service.gateway.codes == [code]
    assert service.check(verification, code).valid


def test_a_retry_that_a_worker_holds_is_published_anew_only_when_it_is_overdue(service: Service) -> None:
    service.gateway.outcomes = [LOST]
    verification = service.issue()
    service.queue.clear()
    service.deliver(verification)
    for seconds, published in ((1.5, 0), (2, 0), (1, 1)):
        service.clock.move(seconds)
        assert service.expirer.release(service.clock()) == published


def test_what_is_put_back_is_published_by_the_very_next_sweep(service: Service) -> None:
    verification = service.issue()
    service.queue.clear()
    deliver.park(service.db, claimed(service, verification.id), service.clock(), "away")
    assert service.expirer.release(service.clock()) == 1
    assert service.queue == [f"{verification.id}.1"]
