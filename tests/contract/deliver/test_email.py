"""Codes that go by e-mail: the same row, limits, breaker and deadline as an SMS has, over another way."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from otp_worker.domain.app import App
from otp_worker.domain.errors import OptedOutError
from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.verification import EMAIL_ROUTE, DeliveryStatus, VerificationStatus
from otp_worker.operations.admin import Operator
from otp_worker.operations.trail import Trails
from otp_worker.service.purges import purges
from otp_worker.store import opt_outs
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, verifications
from tests.contract.mailing import ADDRESS, TAKEN, issue, mail, with_email
from tests.contract.service import OFFLINE, SHOP, Service

MASKED = "a***@example.com"
SLOW = Outcome(OutcomeKind.DEFERRED, "the mail server refuses the address (450)")


@pytest.fixture
def service(db: Database) -> Service:
    return with_email(db)


def test_a_code_goes_to_the_address_and_no_phone_sends_it(service: Service) -> None:
    found = issue(service)
    assert (found.to, found.channel, found.delivery.route) == (MASKED, "email", EMAIL_ROUTE)
    service.deliver(found)
    (letter,) = mail(service).messages
    assert (letter.to, letter.subject) == (ADDRESS, "shop")
    assert service.gateway.messages == []
    assert service.read(found).delivery.status is DeliveryStatus.SENT
    checked = service.check(found, mail(service).codes[0])
    assert checked.status is VerificationStatus.APPROVED


def test_a_check_by_address_finds_it_whatever_its_case(service: Service) -> None:
    found = issue(service)
    service.deliver(found)
    code = mail(service).codes[0]
    result = service.verifier.check_number(ADDRESS.lower(), code, SHOP.name)
    assert (result.id, result.valid) == (found.id, True)


def test_wrong_codes_count_for_the_address_and_lock_it_until_it_is_unlocked(service: Service) -> None:
    operator = Operator(service.db, service.limits, service.policy.countries)
    found = issue(service)
    service.deliver(found)
    wrong = f"{(int(mail(service).codes[0]) + 1) % 10**6:06d}"
    for _ in range(3):
        assert not service.check(found, wrong).valid
    assert operator.unlock(ADDRESS.upper()).masked == MASKED


def test_a_resend_goes_to_the_same_address_with_the_same_code(service: Service) -> None:
    found = issue(service)
    service.deliver(found)
    service.clock.move(31)
    service.resend(found)
    service.deliver(found, 2)
    first, second = mail(service).messages
    assert (first.to, second.to) == (ADDRESS, ADDRESS)
    assert len(set(mail(service).codes)) == 1


def test_no_older_worker_would_send_it(service: Service) -> None:
    """Every version gives a delivery up that three attempts abandoned, before anything else."""
    found = issue(service)
    with service.db.read() as connection:
        row = connection.execute(
            select(deliveries.c.abandoned, verifications.c.number).join(verifications)
        ).one()
    assert row.abandoned >= 3
    assert row.number is None
    assert found.delivery.status is DeliveryStatus.QUEUED


def test_an_attempt_whose_worker_died_counts_and_three_of_them_are_given_up(service: Service) -> None:
    found = issue(service)
    lease = service.policy.lease_seconds + 1
    for _ in range(3):
        with service.db.update() as connection:
            connection.execute(
                update(deliveries).values(
                    status=DeliveryStatus.SENDING,
                    lease_until=service.clock(),
                    abandoned=deliveries.c.abandoned,
                )
            )
            connection.execute(update(deliveries).values(abandoned=deliveries.c.abandoned + 1))
    service.clock.move(lease)
    service.deliver(found)
    assert mail(service).messages == []
    assert service.read(found).delivery.status is DeliveryStatus.FAILED


def test_a_mail_server_that_is_away_is_waited_for_and_holds_up_no_sms(service: Service) -> None:
    mail(service).outcomes = [replace(OFFLINE, reason="the mail server cannot be reached (TimeoutError)")]
    found = issue(service)
    for _ in range(6):
        service.deliver(found)
        service.clock.move(1)
    assert service.read(found).delivery.status is DeliveryStatus.WAITING
    sms = service.issue()
    service.deliver(sms)
    assert service.read(sms).delivery.status is DeliveryStatus.SENT
    mail(service).outcomes = [TAKEN]
    service.clock.move(30)
    service.work()
    assert service.read(found).delivery.status is DeliveryStatus.SENT


def test_a_slow_mailbox_is_tried_again_and_closes_the_way_for_nobody(service: Service) -> None:
    mail(service).outcomes = [SLOW, TAKEN]
    found, other = issue(service), issue(service, "otto@example.com")
    service.deliver(found)
    service.deliver(other)
    assert service.read(other).delivery.status is DeliveryStatus.SENT
    assert service.read(found).delivery.status is DeliveryStatus.QUEUED
    service.clock.move(30)
    service.deliver(found)
    assert service.read(found).delivery.status is DeliveryStatus.SENT


def test_no_code_leaves_after_the_deadline(service: Service) -> None:
    found = issue(service)
    service.clock.move(service.policy.send_deadline_seconds)
    service.deliver(found)
    assert mail(service).messages == []
    assert service.read(found).delivery.status is DeliveryStatus.EXPIRED


def test_an_address_whose_person_wants_nothing_gets_nothing(service: Service) -> None:
    found = issue(service)
    hashes = service.keyring.number_hashes(ADDRESS.lower())
    with service.db.update() as connection:
        opt_outs.stop(connection, hashes, MASKED, service.clock(), service.clock())
    service.deliver(found)
    assert mail(service).messages == []
    with pytest.raises(OptedOutError):
        issue(service)


def test_the_address_is_wiped_as_a_number_is_and_stands_nowhere_else(service: Service) -> None:
    found = issue(service)
    service.deliver(found)
    service.check(found, mail(service).codes[0])
    service.clock.move(3601)
    for purge in purges(service.sims, 3600, 30):
        purge(service.db, service.clock())
    with service.db.read() as connection:
        for table in ("verifications", "deliveries", "steps", "notices", "idempotency_keys", "opt_outs"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            assert re.search("smith", repr(rows), re.IGNORECASE) is None


def test_a_person_is_forgotten_by_address(service: Service) -> None:
    issue(service)
    operator = Operator(service.db, service.limits, service.policy.countries)
    masked, erased = operator.forget(ADDRESS.upper())
    assert (masked, erased.verifications) == (MASKED, 1)
    with service.db.read() as connection:
        assert connection.execute(select(func.count()).select_from(verifications)).scalar() == 0


def test_a_letter_says_all_in_right_letters_and_has_no_lines_for_phones(service: Service) -> None:
    found = issue(service, locale="pt")
    service.deliver(found)
    body = mail(service).messages[0].text
    assert "ó" in body
    assert "\n" not in body


def test_its_trail_speaks_of_an_e_mail(service: Service) -> None:
    found = issue(service)
    service.deliver(found)
    trails = Trails(service.db, service.keyring, service.policy.countries, service.sims, service.clock)
    trail = trails.trail(found.id)
    assert trail is not None
    told = [trail.cause.for_operators, trail.cause.for_apps, *(each.for_apps for each in trail.moments)]
    assert trail.cause.for_apps == "Handed over at 12:00:00; a mail server sends no receipts."
    assert "the e-mail was handed over" in told
    assert not any("SMS" in each for each in told)
    assert [each.id for each in trails.find(ADDRESS.upper(), 5)] == [found.id]


def test_a_test_key_reaches_nobody(service: Service) -> None:
    app = App("shop", test=True)
    sent, refused = issue(service, app=app), issue(service, "anna0002@example.com", app)
    service.deliver(sent)
    service.deliver(refused)
    assert service.read(sent).delivery.status is DeliveryStatus.SENT
    assert service.read(refused).delivery.status is DeliveryStatus.FAILED
    assert mail(service).messages == []
    assert service.check(sent, "123456", app).valid


def test_a_life_of_a_code_begins_when_its_letter_is_taken(service: Service) -> None:
    found = issue(service)
    service.clock.move(60)
    service.deliver(found)
    assert service.read(found).expires_at == service.clock() + timedelta(seconds=service.policy.ttl_seconds)
