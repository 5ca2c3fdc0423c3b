"""The trail of every story: which steps it leaves, in which order, and nothing more."""

from dataclasses import replace
from typing import Any

from otp_worker.domain.gateway import Outcome, OutcomeKind, Receipt, ReceiptKind
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.step import Step, StepKind
from otp_worker.store import deliver, receipts, steps
from otp_worker.store.database import Database
from tests.contract.service import (
    ACCEPTED,
    LOST,
    NUMBER,
    OFFLINE,
    REFUSED,
    SHOP,
    START,
    Service,
    fail_gateway,
    wrong,
)
from tests.contract.trails import OTHER_NUMBER, SENT_AT_ONCE, of, only, trail


def test_sent_at_once(service: Service) -> None:
    service.gateway.outcomes = [replace(ACCEPTED, http_status=202)]
    verification = service.issue()
    service.clock.move(1.5)
    service.deliverer.deliver(verification.delivery.id, "deliver-7@host")
    assert trail(service, verification) == SENT_AT_ONCE
    accepted, claimed, hashed, attempt, taken = of(service, verification)
    whole: dict[str, Any] = {"verification_id": verification.id, "delivery_number": 1}
    via: dict[str, Any] = {"gateway": "obedient", "sim": "obedient"}
    now = service.clock()
    assert accepted == Step(START, StepKind.ACCEPTED, **whole)
    assert claimed == Step(now, StepKind.CLAIMED, **whole, detail="deliver-7@host")
    assert hashed == Step(now, StepKind.HASHED, **whole, milliseconds=0)
    told: dict[str, Any] = {
        "outcome": "accepted",
        "http_status": 202,
        "milliseconds": 0,
        "detail": ACCEPTED.reason,
    }
    assert attempt == Step(now, StepKind.ATTEMPT, **whole, **via, **told)
    assert taken == Step(now, StepKind.TAKEN, **whole, **via, milliseconds=1500)


def test_a_test_keys_verification_has_its_trail_too(service: Service) -> None:
    verification = service.issue(app=replace(SHOP, name="test:shop", test=True))
    service.deliver(verification)
    assert trail(service, verification) == SENT_AT_ONCE
    assert only(service, verification, StepKind.TAKEN).sim is None


def test_the_phone_is_away_for_94_seconds_and_then_it_is_sent(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    for seconds in (1, 2, 1):
        # What Celery holds until then.
        service.deliver(verification)
        service.clock.move(seconds)
    service.queue.clear()
    for _ in range(90):
        service.work()
        service.clock.move(1)
    service.gateway.outcomes = [ACCEPTED]
    for _ in range(10):
        service.work()
        service.clock.move(1)
    assert trail(service, verification) == [
        ("accepted", None),
        ("claimed", None),
        ("hashed", None),
        *[("attempt", "unavailable"), ("claimed", None)] * 2,
        ("attempt", "unavailable"),
        ("waiting", None),
        ("probe", "unavailable"),
        ("claimed", None),
        ("attempt", "accepted"),
        ("taken", None),
    ]
    assert only(service, verification, StepKind.WAITING).detail == OFFLINE.reason
    probe = only(service, verification, StepKind.PROBE)
    assert probe.count is not None
    assert probe.count > 5
    assert probe.count == len(service.gateway.messages) - 4
    opened, closed = steps.of_gateways(service.db, ["obedient"], START, service.clock())
    assert (opened.kind, opened.detail, opened.sim) == (StepKind.BREAKER_OPENED, OFFLINE.reason, None)
    assert (closed.kind, closed.count) == (StepKind.BREAKER_CLOSED, probe.count)
    assert closed.milliseconds is not None
    assert 94_000 <= closed.milliseconds <= 104_000


def test_what_is_accepted_while_the_gateway_is_away_waits_from_the_start(service: Service) -> None:
    for _ in range(3):
        fail_gateway(service.db, "obedient", service.clock(), OFFLINE.reason)
    verification = service.issue()
    assert trail(service, verification) == [("accepted", None), ("waiting", None)]
    assert only(service, verification, StepKind.WAITING).detail == OFFLINE.reason
    service.work()
    assert trail(service, verification)[2:] == [
        ("claimed", None),
        ("hashed", None),
        ("attempt", "accepted"),
        ("taken", None),
    ]


def test_the_gateway_refuses_the_number(service: Service) -> None:
    service.gateway.outcomes = [REFUSED]
    verification = service.issue()
    service.deliver(verification)
    assert trail(service, verification) == [*SENT_AT_ONCE[:3], ("attempt", "refused"), ("ended", "failed")]
    assert only(service, verification, StepKind.ENDED).detail == REFUSED.reason


def test_an_answer_is_lost_and_the_code_is_sent_once_more(service: Service) -> None:
    service.gateway.outcomes = [LOST, ACCEPTED]
    verification = service.issue()
    service.deliver(verification)
    service.clock.move(1)
    service.deliver(verification)
    assert trail(service, verification) == [
        *SENT_AT_ONCE[:3],
        ("attempt", "uncertain"),
        ("claimed", None),
        ("attempt", "accepted"),
        ("taken", None),
    ]


def test_a_second_answer_is_lost_and_nobody_knows(service: Service) -> None:
    service.gateway.outcomes = [LOST]
    verification = service.issue()
    service.deliver(verification)
    service.clock.move(1)
    service.deliver(verification)
    assert trail(service, verification)[3:] == [
        ("attempt", "uncertain"),
        ("claimed", None),
        ("attempt", "uncertain"),
    ]


def test_it_is_sent_once_more_and_a_receipt_comes_for_each(service: Service) -> None:
    verification, _ = service.sent()
    service.clock.move(31)
    service.resend(verification)
    service.deliver(verification, 2)
    for number in (1, 2, 2):
        service.clock.move(1)
        receipts.move_forward(
            service.db, f"{verification.id}.{number}", ReceiptKind.DELIVERED, service.clock()
        )
    assert trail(service, verification) == [
        *SENT_AT_ONCE,
        ("resend", None),
        ("claimed", None),
        ("attempt", "accepted"),
        ("taken", None),
        ("receipt", "delivered"),
        ("receipt", "delivered"),
    ]
    numbers = [step.delivery_number for step in of(service, verification)]
    assert numbers == [1] * 5 + [2] * 4 + [1, 2]
    assert [step.milliseconds for step in of(service, verification)[-2:]] == [32_000, 2_000]


def test_a_receipt_comes_before_the_answer(service: Service) -> None:
    verification = service.issue()
    receipt = Receipt(ReceiptKind.DELIVERED, None, "msg_1")
    receipts.take_in(service.db, "obedient", receipt, None, service.clock())
    service.gateway.capabilities = replace(service.gateway.capabilities, push=True)
    service.deliver(verification)
    assert trail(service, verification) == [*SENT_AT_ONCE, ("receipt", "delivered")]


def test_a_receipt_that_comes_before_the_answer_tells_the_gateway(service: Service) -> None:
    verification = service.issue()
    receipt = Receipt(ReceiptKind.DELIVERED, verification.delivery.id, None)
    receipts.take_in(service.db, "obedient", receipt, verification.delivery.id, service.clock())
    assert service.read(verification).delivery.gateway == "obedient"
    assert only(service, verification, StepKind.RECEIPT).gateway == "obedient"


def test_an_sms_goes_out_although_it_was_given_up(service: Service) -> None:
    service.gateway.outcomes = [REFUSED]
    verification = service.issue()
    service.deliver(verification)
    for _ in range(2):
        receipts.move_forward(service.db, verification.delivery.id, ReceiptKind.SENT, service.clock())
    assert trail(service, verification)[3:] == [
        ("attempt", "refused"),
        ("ended", "failed"),
        ("receipt", "sent"),
    ]


def test_a_number_turns_out_to_be_unreachable(service: Service) -> None:
    verification, _ = service.sent()
    receipts.move_forward(service.db, verification.delivery.id, ReceiptKind.UNREACHABLE, service.clock())
    assert trail(service, verification) == [*SENT_AT_ONCE, ("receipt", "unreachable"), ("ended", "failed")]


def test_a_worker_is_killed_and_another_one_takes_over(service: Service) -> None:
    verification = service.issue()
    assert deliver.claim(service.db, verification.delivery.id, service.clock(), 30, "deliver-1@host")
    service.clock.move(31)
    service.deliverer.deliver(verification.delivery.id, "deliver-2@host")
    assert trail(service, verification) == [("accepted", None), ("claimed", None), *SENT_AT_ONCE[1:]]
    claims = [step.detail for step in of(service, verification) if step.kind is StepKind.CLAIMED]
    assert claims == ["deliver-1@host", "deliver-2@host"]


def test_a_budget_is_used_up_and_the_wait_is_told_once(db: Database) -> None:
    service = Service(db)
    sim = Sim("obedient", "obedient", per_day=1)
    service = Service(db, sims=Sims((sim,), {"obedient": service.gateway}))
    service.deliver(service.issue(OTHER_NUMBER))
    verification = service.issue()
    for _ in range(4):
        service.deliver(verification)
        service.clock.move(1)
    assert trail(service, verification) == [*SENT_AT_ONCE[:3], ("waiting", None)]
    assert only(service, verification, StepKind.WAITING).detail == "obedient has sent its 1 of today"


def test_a_sim_is_asked_to_wait(service: Service) -> None:
    throttled = Outcome(OutcomeKind.THROTTLED, "too many messages (429)", retry_after_seconds=5)
    service.gateway.outcomes = [throttled, ACCEPTED]
    verification = service.issue()
    for _ in range(7):
        service.work()
        service.clock.move(1)
    assert trail(service, verification) == [
        *SENT_AT_ONCE[:3],
        ("attempt", "throttled"),
        ("waiting", None),
        ("claimed", None),
        ("attempt", "accepted"),
        ("taken", None),
    ]
    opened, closed = steps.of_gateways(service.db, ["obedient"], START, service.clock())
    assert (opened.sim, closed.sim, closed.milliseconds) == ("obedient", "obedient", 5000)


def test_no_step_knows_a_code_or_a_number(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, LOST, ACCEPTED]
    verification = service.issue()
    for _ in range(3):
        service.deliver(verification)
        service.clock.move(2)
    code = service.gateway.codes[0]
    service.check(verification, wrong(code))
    service.check(verification, code)
    told = repr([replace(step, verification_id=None) for step in of(service, verification)])
    assert ("approved", None) in trail(service, verification)
    for secret in (code, wrong(code), NUMBER[1:], NUMBER[3:]):
        assert secret not in told
