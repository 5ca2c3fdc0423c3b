"""The trail of every end: the steps of what a person, an app or the time does to a code."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from otp_worker.domain.errors import NumberLockedError
from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import VerificationStatus
from otp_worker.issue.request import SendRequest
from otp_worker.store import deliver, lockouts, opt_outs
from tests.contract.service import NUMBER, SHOP, Service, wrong
from tests.contract.trails import SENT_AT_ONCE, of, only, trail


def test_the_app_cancels_it(service: Service) -> None:
    verification = service.issue()
    service.issuer.cancel(verification.id, SHOP, service.clock())
    service.deliver(verification)
    assert trail(service, verification) == [("accepted", None), ("ended", "canceled")]
    assert only(service, verification, StepKind.ENDED).detail == "canceled by the app"


def test_nobody_enters_the_code(service: Service) -> None:
    verification, _ = service.sent()
    service.clock.move(601)
    service.expirer.expire(service.clock())
    assert trail(service, verification) == [*SENT_AT_ONCE, ("ended", "expired")]


def test_no_worker_takes_it_up(service: Service) -> None:
    verification = service.issue()
    service.clock.move(4)
    service.expirer.enqueue_due(service.clock())
    service.clock.move(297)
    service.expirer.expire(service.clock())
    assert trail(service, verification) == [("accepted", None), ("published", None), ("ended", "failed")]
    assert only(service, verification, StepKind.ENDED).detail == "not sent in time: no worker took it up"


def test_the_person_texts_stop(service: Service) -> None:
    verification = service.issue()
    with service.db.write() as connection:
        hashes = service.keyring.number_hashes(NUMBER)
        opt_outs.stop(connection, hashes, "+44********56", service.clock(), service.clock())
    assert trail(service, verification) == [("accepted", None), ("ended", "failed")]
    assert only(service, verification, StepKind.ENDED).detail == opt_outs.WANTS_NO_SMS


def test_the_person_reports_it(service: Service) -> None:
    verification = service.issue()
    with service.db.write() as connection:
        hashes, now = service.keyring.number_hashes(NUMBER), service.clock()
        lockouts.report(connection, hashes, now + timedelta(hours=1), now)
    assert only(service, verification, StepKind.ENDED).detail == lockouts.REPORTED_BY_THE_PERSON


def test_a_newer_request_replaces_it(service: Service) -> None:
    asked = [SendRequest(NUMBER, "user-1"), SendRequest(NUMBER, "user-1", new=True)]
    first, second = (service.issuer.issue(each, SHOP, service.clock()).verification for each in asked)
    assert trail(service, first) == [("accepted", None), ("ended", "canceled")]
    assert trail(service, second) == [("accepted", None)]


def test_the_person_types_the_right_code(service: Service) -> None:
    verification, code = service.sent()
    service.clock.move(12)
    service.check(verification, wrong(code))
    service.check(verification, code)
    assert trail(service, verification) == [
        *SENT_AT_ONCE,
        ("check", "wrong"),
        ("check", "right"),
        ("approved", None),
    ]
    checks = [step.count for step in of(service, verification) if step.kind is StepKind.CHECK]
    assert checks == [4, 3]
    assert only(service, verification, StepKind.APPROVED).milliseconds == 12_000


def test_the_person_types_wrong_codes_until_none_is_left(service: Service) -> None:
    verification, code = service.sent()
    for _ in range(5):
        service.check(verification, wrong(code))
    assert trail(service, verification) == [
        *SENT_AT_ONCE,
        *[("check", "wrong")] * 5,
        ("ended", VerificationStatus.MAX_CHECKS_REACHED),
    ]


def test_a_locked_number_is_told_of_once_and_uses_no_check_up(service: Service) -> None:
    for _ in range(2):
        guessed, code = service.sent()
        for _ in range(5):
            service.check(guessed, wrong(code))
    verification, code = service.sent()
    for _ in range(3):
        with pytest.raises(NumberLockedError):
            service.check(verification, code)
    assert trail(service, verification) == [*SENT_AT_ONCE, ("check", "locked")]
    assert only(service, verification, StepKind.CHECK).count == 5
    assert service.read(verification).checks == 0


def test_a_sweep_tells_of_all_that_it_ends_in_one_statement(service: Service) -> None:
    issued = [service.issue(f"+4474001{n:05}") for n in range(20)]
    service.clock.move(301)
    inserts: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO steps"):
            inserts.append(statement)

    event.listen(service.db.engine, "before_cursor_execute", note)
    service.expirer.expire(service.clock())
    event.remove(service.db.engine, "before_cursor_execute", note)
    assert len(inserts) == 1
    assert all(trail(service, each)[-1] == ("ended", "failed") for each in issued)


def test_a_worker_is_killed_and_nobody_takes_over(service: Service) -> None:
    verification = service.issue()
    assert deliver.claim(service.db, verification.delivery.id, service.clock(), 30, "deliver-1@host")
    service.clock.move(301)
    service.expirer.expire(service.clock())
    # It may have been sent: the code can be entered, and its time is not over yet.
    assert trail(service, verification) == [("accepted", None), ("claimed", None)]
