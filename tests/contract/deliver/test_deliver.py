"""Step 2 against a real database."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from otp_worker.deliver.deliverer import MAX_ABANDONED
from otp_worker.deliver.result import Delivered, Elsewhere, Waiting
from otp_worker.deliver.retry import RetryAt
from otp_worker.domain.app import App
from otp_worker.domain.gateway import Message, Outcome, ReceiptKind
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.passcode import code_matches
from otp_worker.domain.ports import Outbox
from otp_worker.domain.sim import Sim, Sims, UncertainPolicy
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import circuit_breakers, deliver, receipts, schema
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.job import Via
from otp_worker.store.schema import deliveries, verifications
from tests.contract.service import (
    ACCEPTED,
    LOST,
    MISCONFIGURED,
    OFFLINE,
    REFUSED,
    START,
    ObedientGateway,
    Service,
)


def test_an_accepted_sms_starts_the_codes_life(service: Service) -> None:
    verification = service.issue()
    service.clock.move(20)
    service.deliver(verification)
    found = service.read(verification)
    assert found.delivery.status is DeliveryStatus.SENT
    assert found.delivery.sent_at == service.clock()
    assert found.expires_at == service.clock() + timedelta(seconds=300)


def test_the_text_names_the_code_and_the_life_it_really_has(service: Service) -> None:
    _, code = service.sent()
    assert service.gateway.messages[0].text == f"Your code is {code} (valid 5 minutes)."


def test_the_hash_is_stored_before_the_sms_can_arrive(service: Service) -> None:
    verification = service.issue()
    seen = []
    send = service.gateway.send

    def check_at_once(message: object) -> Outcome:
        outcome = send(message)  # type: ignore[arg-type]
        seen.append(service.check(verification, service.gateway.codes[-1]).valid)
        return outcome

    service.gateway.send = check_at_once  # type: ignore[method-assign]
    service.deliver(verification)
    assert seen == [True]


def test_every_attempt_sends_the_same_code_and_reference(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, LOST, ACCEPTED]
    verification = service.issue()
    for _ in range(3):
        service.deliver(verification)
        service.clock.move(10)
    assert len(set(service.gateway.codes)) == 1
    assert {message.reference for message in service.gateway.messages} == {verification.delivery.id}


def test_a_phone_offline_makes_the_delivery_wait_with_a_reason(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    result = service.deliver(verification)
    assert result == RetryAt(service.clock() + timedelta(seconds=1))
    found = service.read(verification)
    assert found.delivery.status is DeliveryStatus.WAITING
    assert found.delivery.reason == OFFLINE.reason
    assert found.delivery.due_at == service.clock() + timedelta(seconds=1)


def test_a_retry_before_its_time_sends_nothing_and_comes_again_at_its_time(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, ACCEPTED]
    verification = service.issue()
    first = service.deliver(verification)
    service.clock.move(0.9)
    assert service.deliver(verification) == first
    assert len(service.gateway.messages) == 1
    service.clock.move(0.1)
    assert isinstance(service.deliver(verification), Delivered)
    assert len(service.gateway.messages) == 2


@pytest.mark.parametrize("seconds_behind", [0.05, 3, 3600])
def test_a_worker_whose_clock_is_behind_makes_a_first_attempt_at_once(
    service: Service, seconds_behind: float
) -> None:
    verification = service.issue()
    service.clock.move(-seconds_behind)
    assert service.deliver(verification) == Delivered("sent by obedient on attempt 1")
    assert len(service.gateway.messages) == 1


def test_what_waited_for_a_sim_from_the_start_is_a_first_attempt_too(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    for n in range(FAILURES_TO_OPEN):
        service.deliver(service.issue(f"+4474001{n:05}"))
    verification = service.issue()
    assert service.read(verification).delivery.status is DeliveryStatus.WAITING
    service.gateway.outcomes = [ACCEPTED]
    circuit_breakers.note_success(service.db, GatewayState("obedient"), service.clock())
    service.clock.move(-0.05)
    assert service.deliver(verification) == Delivered("sent by obedient on attempt 1")


def test_what_waits_for_a_phone_behind_an_open_breaker_is_not_called_delivered(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    for n in range(FAILURES_TO_OPEN - 1):
        service.deliver(service.issue(f"+4474001{n:05}"))
    opens, waits = service.issue(), service.issue(f"+4474001{FAILURES_TO_OPEN:05}")
    assert service.deliver(opens) == Waiting(OFFLINE.reason)
    assert service.deliver(waits) == Waiting(OFFLINE.reason)


@pytest.mark.parametrize(
    "status", sorted(set(DeliveryStatus) - {DeliveryStatus.QUEUED, DeliveryStatus.WAITING})
)
def test_what_is_claimed_or_over_is_not_tried_again_however_early(
    service: Service, status: DeliveryStatus
) -> None:
    verification = service.issue()
    lease_until = START + timedelta(seconds=30)
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(status=status, lease_until=lease_until))
    service.clock.move(-1)
    taken = status is DeliveryStatus.SENDING
    assert service.deliver(verification) == (Elsewhere() if taken else Delivered(f"over: {status}"))


def test_a_delivery_that_was_deleted_is_over(service: Service) -> None:
    assert service.deliverer.deliver("ver_01.1") == Delivered("over: there is no such delivery any more")


@pytest.mark.parametrize("outcome", [OFFLINE, REFUSED, LOST])
@pytest.mark.parametrize(
    ("took_over", "told"),
    [
        (DeliveryStatus.SENDING, Elsewhere()),
        (DeliveryStatus.WAITING, Elsewhere()),
        (DeliveryStatus.SENT, Delivered("over: sent")),
        (DeliveryStatus.SUPERSEDED, Delivered("over: superseded")),
    ],
)
def test_a_worker_that_lost_its_claim_tells_what_the_delivery_is_and_not_what_its_attempt_was(
    service: Service, outcome: Outcome, took_over: DeliveryStatus, told: object
) -> None:
    verification = service.issue()

    def lose(message: Message) -> Outcome:
        lost = update(deliveries).values(status=took_over, attempts=2, lease_until=START)
        with service.db.write() as connection:
            connection.execute(lost)
        return outcome

    service.gateway.send = lose  # type: ignore[method-assign]
    # The second lost answer is not repeated.
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(uncertain=1))
    assert service.deliver(verification) == told


def test_a_phone_offline_to_the_end_fails_the_verification_with_a_reason_and_sends_nothing_late(
    service: Service,
) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    while service.read(verification).status is VerificationStatus.PENDING:
        service.clock.move(1)
        service.work()
    assert service.clock() == START + timedelta(seconds=300)
    assert min(message.timeout_seconds for message in service.gateway.messages) > 0
    found = service.read(verification)
    assert found.status is VerificationStatus.FAILED
    assert found.reason == "not sent in time: no paired phone is online"
    assert found.delivery.status is DeliveryStatus.EXPIRED


def test_nothing_is_handed_over_at_or_after_the_deadline(service: Service) -> None:
    verification = service.issue()
    service.clock.move(300)
    service.deliver(verification)
    assert service.gateway.messages == []
    assert service.read(verification).status is VerificationStatus.FAILED


def test_a_refusal_fails_at_once_with_its_reason(service: Service) -> None:
    service.gateway.outcomes = [REFUSED]
    verification = service.issue()
    service.deliver(verification)
    found = service.read(verification)
    assert (found.status, found.delivery.status) == (VerificationStatus.FAILED, DeliveryStatus.FAILED)
    assert found.reason == REFUSED.reason


def test_an_account_that_is_refused_fails_nobody_and_is_held_like_an_outage(service: Service) -> None:
    service.gateway.outcomes = [MISCONFIGURED]
    verification = service.issue()
    for _ in range(100):
        service.work()
        service.clock.move(1)
    found = service.read(verification)
    assert (found.status, found.delivery.status) == (VerificationStatus.PENDING, DeliveryStatus.WAITING)
    assert found.delivery.reason == MISCONFIGURED.reason
    service.gateway.outcomes = [ACCEPTED]
    for _ in range(10):
        service.work()
        service.clock.move(1)
    assert service.read(verification).delivery.status is DeliveryStatus.SENT


def test_an_account_that_is_refused_to_the_end_was_not_sent_in_time(service: Service) -> None:
    service.gateway.outcomes = [MISCONFIGURED]
    verification = service.issue()
    while service.read(verification).status is VerificationStatus.PENDING:
        service.work()
        service.clock.move(5)
    found = service.read(verification)
    assert found.status is VerificationStatus.FAILED
    assert found.reason == f"not sent in time: {MISCONFIGURED.reason}"


def test_an_account_that_is_refused_raises_the_alarm_each_time(service: Service) -> None:
    service.gateway.outcomes = [MISCONFIGURED]
    with capture_logs() as logs:
        service.deliver(service.issue())
    alarms = [each for each in logs if each["event"] == "gateway_alarm"]
    assert alarms == [
        {
            "event": "gateway_alarm",
            "log_level": "error",
            "gateway": "obedient",
            "reason": MISCONFIGURED.reason,
        }
    ]


def test_the_operator_is_told_once_until_the_account_is_taken_again(service: Service) -> None:
    service.deliverer = replace(service.deliverer, outbox=Outbox(("webhook",), lambda _: True))
    for outcome in (MISCONFIGURED, MISCONFIGURED, OFFLINE, MISCONFIGURED, ACCEPTED, MISCONFIGURED):
        service.gateway.outcomes = [outcome]
        with service.db.write() as connection:
            connection.execute(update(schema.gateways).values(failures=0))
        service.deliver(service.issue())
        service.clock.move(0.01)
    with service.db.read() as connection:
        told = connection.execute(
            select(schema.notices.c.type, schema.notices.c.data).order_by(schema.notices.c.id)
        ).all()
    wanted = {"gateway": "obedient", "reason": MISCONFIGURED.reason}
    over = {"gateway": "obedient", "since": START.isoformat()}
    assert [(row.type, json.loads(row.data)) for row in told] == [
        ("gateway.misconfigured", wanted),
        ("gateway.back", over),
        ("gateway.misconfigured", wanted),
    ]
    assert service.breaker.state("obedient").misconfigured_since == START + timedelta(seconds=0.05)


def test_a_failed_resend_leaves_the_code_that_was_sent_alive(service: Service) -> None:
    service.gateway.outcomes = [ACCEPTED, REFUSED]
    verification, code = service.sent()
    service.clock.move(31)
    service.resend(verification)
    service.deliver(verification, 2)
    assert service.read(verification).delivery.status is DeliveryStatus.FAILED
    assert service.check(verification, code).valid


def test_a_lost_answer_is_repeated_once_with_the_same_code(service: Service) -> None:
    service.gateway.outcomes = [LOST]
    verification = service.issue()
    assert isinstance(service.deliver(verification), RetryAt)
    service.clock.move(2)
    assert isinstance(service.deliver(verification), Delivered)
    assert len(service.gateway.messages) == 2
    assert len(set(service.gateway.codes)) == 1


def test_a_code_that_may_have_arrived_can_be_entered_even_if_every_answer_was_lost(service: Service) -> None:
    service.gateway.outcomes = [LOST, OFFLINE]
    verification = service.issue()
    for _ in range(299):
        service.work()
        service.clock.move(1)
    assert service.read(verification).delivery.status is DeliveryStatus.WAITING
    assert service.read(verification).status is VerificationStatus.PENDING
    assert service.check(verification, service.gateway.codes[0]).valid


def test_the_policy_never_sends_a_lost_one_once(db_service_never: Service) -> None:
    service = db_service_never
    service.gateway.outcomes = [LOST]
    verification = service.issue()
    assert isinstance(service.deliver(verification), Delivered)
    assert len(service.gateway.messages) == 1
    assert service.check(verification, service.gateway.codes[0]).valid


@pytest.fixture
def db_service_never(service: Service) -> Service:
    """A service that never repeats what may have been sent."""
    sim = Sim("obedient", "obedient", uncertain=UncertainPolicy.NEVER)
    gateway = ObedientGateway()
    careful = Service(service.db, sims=Sims((sim,), {"obedient": gateway}))
    careful.gateway = gateway
    return careful


def test_only_one_of_two_workers_gets_a_delivery(service: Service) -> None:
    verification = service.issue()
    first = deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    second = deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    assert first is not None
    assert second is None


def test_a_lease_that_ran_out_is_taken_over_and_the_first_holder_settles_nothing(service: Service) -> None:
    verification = service.issue()
    first = deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    assert first is not None
    service.clock.move(30)
    second = deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    assert second is not None
    assert second.attempt == 2
    deliver.settle_failed(
        service.db,
        first,
        Via("obedient", None),
        DeliveryStatus.FAILED,
        service.clock(),
        "the first holder's word",
    )
    assert service.read(verification).delivery.status is DeliveryStatus.SENDING


def test_a_delivery_whose_attempts_never_end_is_given_up(service: Service) -> None:
    verification = service.issue()
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(abandoned=MAX_ABANDONED))
    service.deliver(verification)
    assert service.gateway.messages == []
    found = service.read(verification)
    assert found.delivery.status is DeliveryStatus.FAILED
    # One of the workers that died may have handed the code over: it can still be entered.
    assert found.status is VerificationStatus.PENDING


def test_an_attempt_whose_worker_died_may_have_been_handed_over(service: Service) -> None:
    verification = service.issue()
    deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    service.clock.move(31)
    service.gateway.outcomes = [REFUSED]
    service.deliver(verification)
    assert service.read(verification).delivery.status is DeliveryStatus.FAILED
    assert service.read(verification).status is VerificationStatus.PENDING


def test_a_verification_canceled_before_the_first_attempt_is_never_sent(service: Service) -> None:
    verification = service.issue()
    service.issuer.cancel(verification.id, App("shop"), service.clock())
    service.deliver(verification)
    assert service.gateway.messages == []


def test_the_code_key_that_made_a_code_makes_it_again_after_a_rotation(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, ACCEPTED]
    verification = service.issue()
    service.deliver(verification)
    rotated = Keyring(
        ["a root secret of the tests, long enough"], ["a newer code secret", "a code secret of the tests"]
    )
    service.deliverer = replace(service.deliverer, keyring=rotated)
    service.clock.move(2)
    service.deliver(verification)
    assert len(set(service.gateway.codes)) == 1


def test_a_test_keys_code_reaches_no_gateway(service: Service) -> None:
    app = App("test:shop", test=True)
    verification = service.issue(app=app)
    service.deliver(verification)
    assert service.gateway.messages == []
    assert service.check(verification, "123456", app).valid


def test_what_is_stored_is_the_hash_of_the_code(service: Service) -> None:
    verification, code = service.sent()
    with service.db.read() as connection:
        row = connection.execute(select(verifications)).one()
    assert code_matches(service.keyring.pepper(row.key_id), verification.id, code, row.code_hash)


def test_an_unknown_key_fails_the_delivery_with_a_reason(service: Service) -> None:
    verification = service.issue()
    with service.db.write() as connection:
        connection.execute(update(verifications).values(key_id="00000000"))
    service.deliver(verification)
    assert "key id 00000000" in (service.read(verification).reason or "")


class Slow(ObedientGateway):
    """Takes so many seconds to answer, and meanwhile does what the test says."""

    def __init__(self, service: Service, seconds: float, meanwhile: Callable[[str], object]) -> None:
        super().__init__()
        self._clock, self._seconds, self._meanwhile = service.clock, seconds, meanwhile

    def send(self, message: Message) -> Outcome:
        outcome = super().send(message)
        self._meanwhile(message.reference)
        self._clock.move(self._seconds)
        return outcome


def test_a_receipt_that_is_there_before_the_gateways_answer_keeps_what_it_said(service: Service) -> None:
    slow = Slow(
        service,
        3,
        lambda sms: receipts.move_forward(service.db, sms, ReceiptKind.DELIVERED, service.clock()),
    )
    service.gateways["obedient"] = slow
    verification = service.issue()
    service.deliver(verification)
    sms = service.read(verification).delivery
    assert sms is not None
    assert (sms.status, sms.sent_at, sms.delivered_at) == (DeliveryStatus.DELIVERED, START, START)
    assert sms.reason is None
    assert sms.gateway == "obedient"


def test_what_time_has_ended_is_not_revived_by_an_sms_handed_over_too_late(service: Service) -> None:
    verification, _ = service.sent()
    service.clock.now = service.read(verification).expires_at - timedelta(seconds=2)
    service.resend(verification)
    slow = Slow(service, 3, lambda _reference: None)
    service.gateways["obedient"] = slow
    service.deliver(verification, 2)
    assert len(slow.messages) == 1
    assert service.read(verification).status_at(service.clock()) is VerificationStatus.EXPIRED
