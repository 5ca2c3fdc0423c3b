"""A message keeps every promise that a code has: one text, one SMS, in time, and nothing of it is left."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from otp_worker.deliver.result import Delivered, Waiting
from otp_worker.domain.app import App
from otp_worker.domain.gateway import Outcome
from otp_worker.domain.message import MessageStatus
from otp_worker.domain.sealing import Unsealer
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store.acceptance import Acceptance
from otp_worker.store.deliver_together import Sent, claim_all, settle_all
from otp_worker.store.deliver_together import Wanted as Claiming
from otp_worker.store.schema import deliveries
from otp_worker.store.schema import verifications as rows
from tests.contract.messaging import OTHER, TEXT, Texting, sealed
from tests.contract.service import ACCEPTED, LOST, NUMBER, OFFLINE, REFUSED, Service


@pytest.fixture
def texting(service: Service) -> Texting:
    return Texting(service)


def test_a_text_is_sent_as_it_is_and_nothing_of_it_is_left(service: Service, texting: Texting) -> None:
    message = texting.ask()
    assert message.id.startswith("msg_")
    kept = sealed(service, message.id)
    assert kept is not None
    assert TEXT.encode() not in kept
    assert texting.status(message) is MessageStatus.PENDING
    assert texting.attempt(message) == Delivered("sent by obedient on attempt 1")
    assert [each.text for each in service.gateway.messages] == [TEXT]
    assert texting.status(message) is MessageStatus.SENT
    assert texting.read(message).ended_at == service.clock()
    assert sealed(service, message.id) is None


def test_what_many_workers_settle_together_ends_as_what_one_settles(
    service: Service, texting: Texting
) -> None:
    now = service.clock()
    message, verification = texting.ask(), service.issue(OTHER)
    names = [f"{verification.id}.1", f"{message.id}.1"]
    jobs = claim_all(service.db, [Claiming(each, now, now + timedelta(seconds=30)) for each in names])
    taken = Acceptance("obedient", "obedient", None, "accepted by the gateway", now, None)
    settle_all(service.db, [Sent(job, taken) for job in jobs if job])
    assert texting.status(message) is MessageStatus.SENT
    assert sealed(service, message.id) is None
    assert service.read(verification).ended_at is None


@pytest.mark.parametrize("outcome", [OFFLINE, LOST])
def test_every_attempt_says_the_same(service: Service, texting: Texting, outcome: Outcome) -> None:
    service.gateway.outcomes = [outcome, ACCEPTED]
    message = texting.sent()
    assert sealed(service, message.id)
    service.clock.move(1)
    texting.attempt(message)
    assert [each.text for each in service.gateway.messages] == [TEXT, TEXT]
    assert len({each.reference for each in service.gateway.messages}) == 1
    assert sealed(service, message.id) is None


def test_the_gateway_is_told_how_long_the_text_is_worth_anything(service: Service, texting: Texting) -> None:
    message = texting.ask(expires_in_seconds=100)
    service.clock.move(40)
    texting.attempt(message)
    assert service.gateway.messages[0].life_seconds == 60


def test_nothing_is_handed_over_after_the_deadline(service: Service, texting: Texting) -> None:
    message = texting.ask(expires_in_seconds=60)
    service.clock.move(60)
    assert texting.status(message) is MessageStatus.EXPIRED
    texting.attempt(message)
    assert service.gateway.messages == []
    assert texting.status(message) is MessageStatus.EXPIRED
    assert sealed(service, message.id) is None


def test_what_no_worker_took_up_expires_and_is_wiped(service: Service, texting: Texting) -> None:
    message = texting.ask(expires_in_seconds=60)
    service.clock.move(60)
    service.expirer.expire(service.clock())
    found = texting.read(message)
    assert texting.status(message) is MessageStatus.EXPIRED
    assert found.delivery.reason == "not sent in time: no worker took it up"
    assert sealed(service, message.id) is None


def test_a_worker_that_died_over_it_leaves_it_to_another_with_the_same_text(
    service: Service, texting: Texting
) -> None:
    message = texting.ask()
    with service.db.write() as connection:
        connection.execute(
            update(deliveries).values(
                status="sending", attempts=1, lease_until=service.clock() + timedelta(seconds=30)
            )
        )
    service.clock.move(31)
    service.work()
    assert [each.text for each in service.gateway.messages] == [TEXT]
    assert texting.status(message) is MessageStatus.SENT


def test_one_whose_worker_never_came_back_is_wiped_at_the_deadline(
    service: Service, texting: Texting
) -> None:
    message = texting.ask(expires_in_seconds=60)
    with service.db.write() as connection:
        connection.execute(
            update(deliveries).values(
                status="sending", attempts=1, lease_until=service.clock() + timedelta(seconds=70)
            )
        )
    service.clock.move(65)
    service.expirer.expire(service.clock())
    assert texting.status(message) is MessageStatus.PENDING
    service.clock.move(6)
    service.expirer.expire(service.clock())
    assert texting.status(message) is MessageStatus.EXPIRED
    assert sealed(service, message.id) is None


def test_what_the_gateway_refuses_fails_and_is_wiped(service: Service, texting: Texting) -> None:
    service.gateway.outcomes = [REFUSED]
    message = texting.sent()
    assert texting.status(message) is MessageStatus.FAILED
    assert sealed(service, message.id) is None


def test_what_may_have_been_sent_counts_as_sent(service: Service, texting: Texting) -> None:
    service.gateway.outcomes = [LOST]
    message = texting.sent()
    service.clock.move(2)
    texting.attempt(message)
    assert texting.status(message) is MessageStatus.SENT
    assert sealed(service, message.id) is None


def test_what_may_have_been_sent_and_is_refused_at_last_is_over(service: Service, texting: Texting) -> None:
    service.gateway.outcomes = [LOST, REFUSED]
    message = texting.sent()
    service.clock.move(2)
    texting.attempt(message)
    assert texting.status(message) is MessageStatus.FAILED
    assert sealed(service, message.id) is None


def test_two_texts_to_one_person_are_two_sms(service: Service, texting: Texting) -> None:
    texting.sent(text="first")
    texting.sent(text="second")
    assert [each.text for each in service.gateway.messages] == ["first", "second"]


def test_a_worker_without_the_key_leaves_it_to_another(service: Service, texting: Texting) -> None:
    message = texting.ask()
    codes = service.deliverer.codes
    strange = replace(codes, unsealer=Unsealer(["another code secret of the tests"]))
    service.deliverer = replace(service.deliverer, codes=strange)
    assert isinstance(texting.attempt(message), Waiting)
    assert service.gateway.messages == []
    assert "which this worker does not have" in (texting.read(message).delivery.reason or "")
    service.deliverer = replace(service.deliverer, codes=codes)
    service.work()
    assert texting.status(message) is MessageStatus.SENT


def test_what_was_moved_from_another_row_is_not_sent(service: Service, texting: Texting) -> None:
    message, other = texting.ask(), texting.ask(to=OTHER, text="another text")
    with service.db.write() as connection:
        moved = select(rows.c.sealed).where(rows.c.id == other.id).scalar_subquery()
        connection.execute(update(rows).where(rows.c.id == message.id).values(sealed=moved))
    texting.attempt(message)
    assert service.gateway.messages == []
    assert texting.status(message) is MessageStatus.FAILED


def test_a_phone_that_is_away_lets_it_wait_and_its_return_sends_it(
    service: Service, texting: Texting
) -> None:
    service.gateway.outcomes = [OFFLINE]
    for n in range(FAILURES_TO_OPEN):
        texting.sent(to=f"+4474001{n:05}")
    waits = texting.ask()
    assert texting.read(waits).delivery.status == "waiting"
    service.gateway.outcomes = [ACCEPTED]
    for _ in range(20):
        service.clock.move(2)
        service.work()
    assert texting.status(waits) is MessageStatus.SENT
    texts = [each.text for each in service.gateway.messages if each.to == NUMBER]
    assert texts == [TEXT]


def test_a_test_keys_message_reaches_no_phone(service: Service) -> None:
    texting = Texting(service, App("test:shop", test=True))
    message = texting.sent()
    assert service.gateway.messages == []
    assert texting.status(message) is MessageStatus.SENT
