"""Lists of verifications, and what an id or a number leads to: the right ones, in order, by an index."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from otp_worker.domain.app import App
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.issue.request import SendRequest
from otp_worker.store import erasure, trail
from otp_worker.store import steps as stored_steps
from otp_worker.store.schema import deliveries, steps, verifications
from otp_worker.store.trail import Place, Wanted
from tests.contract.rows import old_rows
from tests.contract.service import NUMBER, SHOP, START, Service, wrong
from tests.contract.store.test_plans import noted

BANK = App("bank")
OTHER = "+447400654321"
HOUR = timedelta(hours=1)


def listed(service: Service, wanted: Wanted, after: Place | None = None, limit: int = 50) -> list[str]:
    return [each.id for each in trail.page(service.db, wanted, limit, service.clock(), after)]


def place(verification: Verification) -> Place:
    return Place(verification.created_at, verification.id)


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
    assert trail.all_deliveries(service.db, verification.id) == []
    assert stored_steps.of_verification(service.db, verification.id) == []


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
    found = trail.all_deliveries(service.db, verification.id)
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


SEARCHES: dict[str, Callable[[Service], object]] = {
    "ix_verifications_created_at": lambda service: listed(service, Wanted()),
    "ix_verifications_app": lambda service: listed(service, Wanted(app="shop", since=START, until=START)),
    "ix_verifications_app ": lambda service: listed(service, Wanted(app="shop"), Place(START, "ver_")),
    "ix_verifications_user": lambda service: listed(service, Wanted(user="u")),
    "ix_verifications_user ": lambda service: listed(
        service, Wanted(user="u", app="shop", status=VerificationStatus.FAILED)
    ),
    "ix_verifications_status(_app)?": lambda service: listed(
        service, Wanted(status=VerificationStatus.FAILED)
    ),
    "ix_verifications_status_app": lambda service: listed(
        service, Wanted(status=VerificationStatus.FAILED, app="shop"), Place(START, "ver_")
    ),
    "ix_verifications_pending_expiry ": lambda service: listed(
        service, Wanted(status=VerificationStatus.EXPIRED, app="shop", since=START), Place(START, "ver_")
    ),
    "ix_verifications_pending_expiry": lambda service: listed(
        service, Wanted(status=VerificationStatus.PENDING, app="shop")
    ),
    "ix_verifications_number_hash": lambda service: listed(
        service,
        Wanted(number_hashes=[b"a", b"b"], app="shop", user="u", status=VerificationStatus.EXPIRED),
        Place(START, "ver_"),
    ),
    "ix_deliveries_verification_id": lambda service: trail.all_deliveries(service.db, "ver_1"),
    "ix_deliveries_gateway_message_id": lambda service: trail.ids_of(service.db, "msg_1"),
    "ix_verifications_request_id": lambda service: trail.ids_of(service.db, "req_1"),
    "ix_steps_of_gateways|ix_steps_verification_id": lambda service: trail.outages(
        service.db, ["gb"], START, START + HOUR
    ),
    "pk_steps|INTEGER PRIMARY KEY": lambda service: trail.newest_steps(service.db, 0, 10),
}
"""Each list and search, and the index that it is to find its rows by."""


def test_every_search_goes_by_its_index(service: Service) -> None:
    fill(service, 300)
    for index, search in SEARCHES.items():
        with noted(service.db) as asked:
            search(service)
        plans = "\n".join(plan(service, sql, parameters) for sql, parameters in asked if "SELECT" in sql)
        assert re.search(rf"\b({index.strip()})\b", plans), plans
        assert re.search(r"SCAN (?!\w+ USING INDEX)|Seq Scan", plans) is None, plans


def plan(service: Service, sql: str, parameters: Any) -> str:
    """How the database would answer a statement, with what it knows of the rows that there are."""
    with service.db.write() as connection:
        if service.db.is_sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
            return "\n".join(str(row[3]) for row in rows)
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return "\n".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {sql}", parameters))


def fill(service: Service, number: int) -> None:
    """Verifications that are over, of two apps, with their deliveries and a step for each."""
    rows: dict[str, list[dict[str, Any]]] = {"verifications": [], "deliveries": [], "steps": []}
    for n in range(number):
        at: datetime = START - timedelta(seconds=n + 1)
        old = old_rows(f"ver_{n:026}", n.to_bytes(32, "big"), at)
        more = {"app": "bank" if n % 20 else "shop", "user": f"user-{n}", "request_id": f"req_{n}"}
        # Enough of them that one index is better than another, whatever is drawn.
        more["status"] = VerificationStatus.FAILED if n % 7 == 0 else old[verifications]["status"]
        rows["verifications"].append(old[verifications] | more)
        rows["deliveries"].append(old[deliveries])
        rows["steps"].append({"at": at, "kind": "breaker_opened", "gateway": "gb"})
    with service.db.write() as connection:
        for table in (verifications, deliveries, steps):
            connection.execute(insert(table), rows[table.name])
        if not service.db.is_sqlite:
            connection.exec_driver_sql("ANALYZE")
