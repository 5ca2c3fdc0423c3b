"""Lists of verifications, and what an id or a number leads to: the right ones, in order."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from otp_worker.domain.app import App
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.issue.request import SendRequest
from otp_worker.store import erasure, trail
from otp_worker.store import steps as stored_steps
from otp_worker.store.schema import verifications
from otp_worker.store.trail import Place, Wanted
from tests.contract.service import NUMBER, SHOP, START, Service, wrong
from tests.contract.store.listing import HOUR, listed, place

BANK = App("bank")
OTHER = "+447400654321"


@pytest.fixture
def five(service: Service) -> list[Verification]:
    """Five verifications, a second from one another, of two apps; the newest is the last."""
    found = []
    for app in (SHOP, BANK, SHOP, SHOP, BANK):
        found.append(service.issue(app=app))
        service.clock.move(1)
    return found


def test_the_newest_come_first_each_with_its_newest_sms(service: Service) -> None:
    first, _ = service.sent()
    service.clock.move(31)
    second = service.issue(OTHER)
    service.resend(first)
    found = trail.page(service.db, Wanted(), 50, service.clock())
    assert [each.id for each in found] == [second.id, first.id]
    assert [each.delivery.id for each in found] == [f"{second.id}.1", f"{first.id}.2"]
    assert found[0].to == "+44********21"


def test_pages_follow_one_another_without_a_gap(service: Service, five: list[Verification]) -> None:
    newest_first = [each.id for each in reversed(five)]
    pages, after = [], None
    while page := trail.page(service.db, Wanted(), 2, service.clock(), after):
        pages.append([each.id for each in page])
        after = place(page[-1])
    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]


def test_of_one_instant_the_ids_decide(service: Service) -> None:
    ids = sorted((service.issue().id for _ in range(3)), reverse=True)
    assert listed(service, Wanted()) == ids
    assert listed(service, Wanted(), Place(START, ids[0])) == ids[1:]


def test_an_app_has_its_own(service: Service, five: list[Verification]) -> None:
    assert listed(service, Wanted(app="bank")) == [five[4].id, five[1].id]
    assert listed(service, Wanted(app="bank"), place(five[4])) == [five[1].id]
    assert listed(service, Wanted(app="nobody")) == []


def test_a_user_is_found_in_one_app_or_in_all(service: Service) -> None:
    ids = {}
    for app in (SHOP, BANK):
        asked = SendRequest(NUMBER, "user-17")
        ids[app.name] = service.issuer.issue(asked, app, service.clock()).verification.id
        service.clock.move(1)
    service.issue()
    assert listed(service, Wanted(user="user-17")) == [ids["bank"], ids["shop"]]
    assert listed(service, Wanted(user="user-17", app="shop")) == [ids["shop"]]


def test_a_span_begins_with_since_and_ends_before_until(service: Service, five: list[Verification]) -> None:
    wanted = Wanted(since=five[1].created_at, until=five[3].created_at)
    assert listed(service, wanted) == [five[2].id, five[1].id]


def test_a_status_is_the_one_that_holds_now_whether_or_not_a_sweep_has_run(service: Service) -> None:
    approved, code = service.sent()
    service.check(approved, code)
    canceled = service.issue(OTHER)
    service.issuer.cancel(canceled.id, SHOP, service.clock())
    pending = service.issue()
    for status, ids in (("approved", [approved.id]), ("canceled", [canceled.id]), ("pending", [pending.id])):
        for wanted in (Wanted(), Wanted(app="shop")):
            assert listed(service, replace(wanted, status=VerificationStatus(status))) == ids
    service.clock.move(601)
    late = service.issue()
    hashes = service.keyring.number_hashes(NUMBER)
    for wanted in (Wanted(), Wanted(app="shop"), Wanted(number_hashes=hashes), Wanted(user=pending.user)):
        by_user = wanted.user is not None
        assert listed(service, replace(wanted, status=VerificationStatus.EXPIRED)) == [pending.id]
        assert listed(service, replace(wanted, status=VerificationStatus.PENDING)) == (
            [] if by_user else [late.id]
        )
    service.work()
    assert listed(service, Wanted(status=VerificationStatus.EXPIRED, app="bank")) == []


def test_expired_ones_are_in_order_whoever_wrote_their_end(service: Service) -> None:
    swept = service.sent()[0]
    service.clock.move(601)
    service.work()
    overdue = service.sent()[0]
    service.clock.move(601)
    expired = Wanted(status=VerificationStatus.EXPIRED)
    assert listed(service, expired) == [overdue.id, swept.id]
    assert listed(service, expired, limit=1) == [overdue.id]
    assert listed(service, expired, place(overdue)) == [swept.id]


def test_a_number_is_found_until_it_is_forgotten(service: Service) -> None:
    verification, code = service.sent()
    service.check(verification, wrong(code))
    service.issue(OTHER)
    wanted = Wanted(number_hashes=service.keyring.number_hashes(NUMBER))
    assert listed(service, wanted) == [verification.id]
    assert listed(service, replace(wanted, app="bank")) == []
    assert listed(service, replace(wanted, user="another")) == []
    with service.db.write() as connection:
        connection.execute(update(verifications).values(number=None))
    assert listed(service, wanted) == [verification.id]
    erasure.erase_number(service.db, [NUMBER], service.keyring.number_hashes(NUMBER))
    assert listed(service, wanted) == []
    assert trail.deliveries_of(service.db, [verification.id])[verification.id] == []
    assert stored_steps.of_verifications(service.db, [verification.id])[verification.id] == []


def test_messages_and_requests_lead_to_their_verifications(service: Service) -> None:
    asked = SendRequest(NUMBER, request_id="req-of-the-shop")
    first = service.issuer.issue(asked, SHOP, service.clock()).verification
    service.deliver(first)
    assert trail.ids_of(service.db, "req-of-the-shop") == [first.id]
    assert trail.ids_of(service.db, "msg_1") == [first.id]
    assert trail.ids_of(service.db, "msg_2") == []
    service.clock.move(1)
    second = service.sent(OTHER)[0]
    assert trail.ids_of(service.db, "msg_1") == [second.id, first.id]


def test_every_sms_is_read_in_the_order_of_its_request(service: Service) -> None:
    verification, _ = service.sent()
    service.clock.move(31)
    service.resend(verification)
    found = trail.deliveries_of(service.db, [verification.id])[verification.id]
    assert [(each.id[-2:], each.status) for each in found] == [
        (".1", DeliveryStatus.SENT),
        (".2", DeliveryStatus.QUEUED),
    ]


def breaker(kind: StepKind, hours: float, gateway: str = "gb") -> Step:
    return Step(START + hours * HOUR, kind, gateway=gateway)


def test_how_gateways_stood_when_a_span_began_is_told_too(service: Service) -> None:
    opened, closed = breaker(StepKind.BREAKER_OPENED, -48), breaker(StepKind.BREAKER_CLOSED, 0.5)
    later, other = breaker(StepKind.BREAKER_OPENED, 2), breaker(StepKind.BREAKER_OPENED, -1, "fr")
    with service.db.write() as connection:
        stored_steps.write(connection, [opened, other, closed, later])
    assert trail.outages(service.db, ["gb"], START, START + HOUR) == [opened, closed]
    assert trail.outages(service.db, ["gb", "fr"], START, START + HOUR) == [opened, other, closed]
    assert trail.outages(service.db, [], START, START + HOUR) == []


def test_new_steps_are_followed_by_their_numbers(service: Service) -> None:
    began = trail.last_step(service.db)
    with service.db.write() as connection:
        stored_steps.write(connection, [breaker(StepKind.BREAKER_OPENED, n) for n in range(3)])
    found = trail.newest_steps(service.db, began, 2)
    assert [step.at for _, step in found] == [START, START + HOUR]
    assert [step.at for _, step in trail.newest_steps(service.db, found[-1][0], 2)] == [START + 2 * HOUR]
