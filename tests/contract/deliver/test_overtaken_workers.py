"""No late word of a worker that was overtaken undoes another worker's."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from otp_worker.domain.gateway import Message, Outcome, Receipt, ReceiptKind
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.passcode import derive_code, hash_code
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store import claims, code_hashes, deliver
from otp_worker.store.receipts import AFTER_ALL, take_in
from otp_worker.store.schema import verifications
from tests.contract.service import LOST, OFFLINE, REFUSED, ROOT_SECRET, Service
from tests.contract.stalling import LEASE_SECONDS, VIA, claimed, stall


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
    late, other = (
        replace(service.deliverer, keyring=keyring, codes=replace(service.deliverer.codes, keyring=keyring))
        for keyring in keyrings
    )
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
    service.deliverer = replace(
        service.deliverer, keyring=newer, codes=replace(service.deliverer.codes, keyring=newer)
    )
    verification = service.issue()
    old = service.keyring
    with service.db.read() as connection:
        row = connection.execute(select(verifications)).one()
    code = derive_code(old.code_key(old.newest_code_key), row.seed, row.id, row.code_length)
    stored = hash_code(old.pepper(row.key_id), row.id, code, 4)
    stall(
        service, monkeypatch, lambda: code_hashes.keep_hash(service.db, row.id, stored, old.newest_code_key)
    )
    service.deliver(verification)
    assert service.gateway.codes == [code]
    assert service.check(verification, code).valid
