"""What came of an attempt: an acceptance is never forgotten, and no late word undoes another worker's."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from otp_worker.deliver.result import Delivered
from otp_worker.domain.gateway import Message, Outcome, Receipt, ReceiptKind
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.passcode import derive_code, hash_code
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import circuit_breakers, claims, code_hashes, deliver
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.job import Via
from otp_worker.store.receipts import AFTER_ALL, take_in
from otp_worker.store.schema import deliveries, verifications
from tests.contract.service import (
    ACCEPTED,
    LOST,
    OFFLINE,
    REFUSED,
    ROOT_SECRET,
    SHOP,
    START,
    Service,
    fail_gateway,
)
from tests.contract.stalling import LEASE_SECONDS, VIA, Away, claimed, reach_slowly, stall


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
            fail_gateway(service.db, "obedient", service.clock(), "away")
        gateway.outcomes = [OFFLINE]
        gateway.send = send  # type: ignore[method-assign]
        service.deliver(verification)
        return ACCEPTED

    send = gateway.send
    gateway.send = slowly  # type: ignore[method-assign]
    service.deliver(verification)
    assert service.read(verification).delivery.status is DeliveryStatus.SENT
    attempts = len(gateway.messages)
    circuit_breakers.note_success(service.db, GatewayState("obedient"), service.clock())
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


def test_a_delivery_that_is_put_back_twice_is_not_taken_from_who_claimed_it_meanwhile(
    service: Service,
) -> None:
    """The answer to the first time was lost, so that the worker repeats it; both claims are attempt 1."""
    verification = service.issue()
    first = claimed(service, verification.id)
    deliver.park(service.db, first, service.clock(), "away")
    service.clock.move(0.2)
    second = claimed(service, verification.id)
    deliver.park(service.db, first, service.clock(), "away")
    assert claims.holds(service.db, second, service.clock())
    assert not claims.holds(service.db, first, service.clock())
    assert deliver.claim(service.db, second.delivery_id, service.clock(), LEASE_SECONDS) is None


def test_what_is_given_up_without_a_gateway_keeps_the_one_that_may_have_sent_it(service: Service) -> None:
    """Its receipt is found by the gateway, and a resend avoids the SIM."""
    verification = service.issue()
    lost = claimed(service, verification.id)
    now = service.clock()
    deliver.settle_retry(service.db, lost, VIA, DeliveryStatus.QUEUED, now, now, "no answer", uncertain=True)
    late = claimed(service, verification.id)
    deliver.settle_failed(service.db, late, None, DeliveryStatus.EXPIRED, now, "not sent in time")
    found = service.read(verification).delivery
    assert (found.gateway, found.sim) == (VIA.gateway, VIA.sim)
    receipt = Receipt(ReceiptKind.DELIVERED, late.delivery_id, None)
    assert take_in(service.db, VIA.gateway, receipt, None, now)[0] == late.delivery_id
    assert (service.read(verification).delivery.reason or "").endswith(AFTER_ALL)


def test_a_second_lost_answer_of_a_worker_that_was_taken_over_changes_nothing(service: Service) -> None:
    verification = service.issue()
    late = claimed(service, verification.id)
    service.clock.move(LEASE_SECONDS + 1)
    claimed(service, verification.id)
    deliver.settle_presumed_sent(service.db, late, VIA, service.clock(), "lost")
    assert service.read(verification).delivery.status is DeliveryStatus.SENDING


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
    fail_gateway(service.db, "obedient", START, "away")
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
        lambda: code_hashes.keep_hash(service.db, row.id, stored, old.newest_code_key),
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
        assert service.expirer.enqueue_due(service.clock()) == published


def test_what_is_put_back_is_published_by_the_very_next_sweep(service: Service) -> None:
    verification = service.issue()
    service.queue.clear()
    deliver.park(service.db, claimed(service, verification.id), service.clock(), "away")
    assert service.expirer.enqueue_due(service.clock()) == 1
    assert service.queue == [f"{verification.id}.1"]


def test_a_cancel_during_an_attempt_that_is_to_be_tried_again_ends_it(service: Service) -> None:
    verification = service.issue()

    def offline(message: Message) -> Outcome:
        service.issuer.cancel(verification.id, SHOP, service.clock())
        return OFFLINE

    service.gateway.send = offline  # type: ignore[method-assign]
    assert service.deliver(verification) == Delivered("over: superseded")
