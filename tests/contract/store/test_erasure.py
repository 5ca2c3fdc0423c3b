"""Erasing a person."""

import pytest
from sqlalchemy import func, insert, select

from otp_worker.domain.errors import InvalidFieldError, NumberLockedError
from otp_worker.domain.gateway import Message, Outcome, Reply
from otp_worker.domain.ports import Outbox
from otp_worker.domain.reply import REPLY_LANGUAGES
from otp_worker.inbound.replies import Replies
from otp_worker.inbound.senders import shown
from otp_worker.issue.idempotency import Idempotency
from otp_worker.issue.request import SendRequest
from otp_worker.operations.admin import Operator
from otp_worker.store import erasure, notifications, stored_replies
from otp_worker.store.erasure import Erased
from otp_worker.store.schema import metadata, replies
from tests.contract.service import ACCEPTED, NUMBER, SHOP, ObedientGateway, Service, wrong

OTHER = "+447400654321"


def erase(service: Service) -> Erased:
    return erasure.erase_number(service.db, [NUMBER], service.keyring.number_hashes(NUMBER))


def rows(service: Service) -> dict[str, int]:
    tables = ("verifications", "deliveries", "replies", "idempotency_keys", "number_guards")
    with service.db.read() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()
            for name in tables
        }


def reply(service: Service, number: str, verification_id: str | None) -> None:
    with service.db.write() as connection:
        connection.execute(
            insert(replies).values(
                id=f"rep_{number}",
                dedupe_key=number,
                gateway="obedient",
                verification_id=verification_id,
                number=number,
                number_masked="+44********56",
                text="not me",
                meaning="report",
                received_at=service.clock(),
                created_at=service.clock(),
            )
        )


def test_all_that_is_kept_of_a_number_is_gone_and_all_of_others_stays(service: Service) -> None:
    verification, code = service.sent()
    service.check(verification, wrong(code))
    service.sent()
    other, other_code = service.sent(OTHER)
    once = Idempotency(service.db, service.keyring, service.clock).once("shop", "order-1", "a send")
    service.issuer.issue(SendRequest(NUMBER), SHOP, service.clock(), once)
    reply(service, NUMBER, verification.id)
    reply(service, OTHER, other.id)
    assert erase(service) == Erased(verifications=3, replies=1)
    # What counts its wrong codes is no record of the person, and must outlive the wish.
    assert rows(service) == {
        "verifications": 1,
        "deliveries": 1,
        "replies": 1,
        "idempotency_keys": 0,
        "number_guards": 1,
    }
    assert service.check(other, other_code).valid
    assert erase(service) == Erased(verifications=0, replies=0)


def test_to_be_forgotten_does_not_unlock_a_number(service: Service) -> None:
    for _ in range(2):
        verification, code = service.sent()
        for _ in range(5):
            service.check(verification, wrong(code))
    erase(service)
    verification, code = service.sent()
    with pytest.raises(NumberLockedError):
        service.check(verification, code)


def test_an_sms_in_hand_is_settled_without_its_rows(service: Service) -> None:
    """The worker has claimed it and the gateway takes it while the person is erased."""

    class Erasing(ObedientGateway):
        def send(self, message: Message) -> Outcome:
            erase(service)
            return ACCEPTED

    verification = service.issue()
    service.gateways["obedient"] = Erasing()
    service.deliver(verification)
    assert rows(service)["deliveries"] == 0
    service.work()


@pytest.mark.parametrize(
    ("sender", "typed"),
    [
        ("+442071838750", "+44 20 7183 8750"),
        ("+442071838750", "+442071838750"),
        ("12345", "12345"),
        ("+12345", "12345"),
        ("VODAFONE", "VODAFONE"),
        ("+VODAFONE", "VODAFONE"),
        ("+4915", "+4915"),
        (NUMBER, "+44 7400 123456"),
        (NUMBER[1:], NUMBER),
    ],
)
@pytest.mark.parametrize("hours", [0, 25])
def test_a_reply_is_found_by_whatever_it_came_from(
    service: Service, sender: str, typed: str, hours: int
) -> None:
    """While its sender is kept and after it was forgotten; nobody else's goes with it."""
    taking = answering_of(service)
    for n, number in enumerate((sender, "+442071838751", "54321")):
        taking.take("obedient", Reply(number, "who?", None, service.clock(), f"{n}"), service.clock())
    service.clock.move(hours * 3600)
    service.expirer.purge(service.clock())
    _, erased = Operator(service.db, service.limits, service.policy.countries).forget(typed)
    assert erased == Erased(verifications=0, replies=1)
    assert rows(service)["replies"] == 2


def test_the_notices_of_a_reply_go_with_it(service: Service) -> None:
    answering_of(service).take(
        "obedient", Reply(NUMBER, "who?", None, service.clock(), "key"), service.clock()
    )
    assert notifications.due_notices(service.db, service.clock(), 10)
    erase(service)
    assert notifications.due_notices(service.db, service.clock(), 10) == []


@pytest.mark.parametrize("typed", ["07400123456", "020 7183 8750", "447400123456"])
def test_a_number_that_names_no_country_is_refused_and_not_said_to_be_erased(
    service: Service, typed: str
) -> None:
    with pytest.raises(InvalidFieldError):
        Operator(service.db, service.limits, service.policy.countries).forget(typed)


def test_it_is_shown_masked(service: Service) -> None:
    operator = Operator(service.db, service.limits, service.policy.countries)
    assert operator.forget("+44 20 7183 8750")[0] == "+44********50"


@pytest.mark.parametrize("sender", [NUMBER, "+442071838750", "VODAFONE"])
def test_the_plain_number_of_a_reply_is_kept_as_long_as_any_other(service: Service, sender: str) -> None:
    answering_of(service).take(
        "obedient", Reply(sender, "who?", None, service.clock(), "key"), service.clock()
    )
    for seconds, kept in ((3599, sender), (1, None)):
        service.clock.move(seconds)
        service.expirer.purge(service.clock())
        (reply_,) = stored_replies.newest(service.db, 10)
        assert reply_.number == kept
    assert (reply_.number_masked, reply_.text) == (shown(sender), "who?")


def answering_of(service: Service) -> Replies:
    """What takes replies in, with one channel to tell of them."""
    return Replies(service.db, service.keyring, REPLY_LANGUAGES, 3600, Outbox(("webhook",), lambda _: True))
