"""A message is accepted as a code is, by the same limits and wishes, and is never taken for one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from otp_worker.domain.app import App
from otp_worker.domain.errors import (
    CountryNotAllowedError,
    NotFoundError,
    RateLimitExceededError,
    RequestInFlightError,
)
from otp_worker.domain.limits import Limit, Rate
from otp_worker.domain.message import MessageStatus
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.pumping import PumpedKind
from otp_worker.domain.sealing import SealingUnavailableError
from otp_worker.issue.idempotency import Idempotency
from otp_worker.issue.messages import MessageRequest
from otp_worker.issue.request import SendRequest
from otp_worker.operations.admin import Operator
from otp_worker.store import verifications
from otp_worker.store.conversions import recent
from otp_worker.store.database import Database
from otp_worker.store.older_versions import OlderVersions
from otp_worker.store.schema import counters
from otp_worker.store.schema import verifications as rows
from otp_worker.store.sent_codes import Span
from otp_worker.store.trail import Wanted, page
from tests.contract.messaging import TEXT, Texting
from tests.contract.service import NUMBER, SHOP, Service


@pytest.fixture
def texting(service: Service) -> Texting:
    return Texting(service)


def test_a_message_is_its_apps_own(service: Service, texting: Texting) -> None:
    message = texting.ask()
    with pytest.raises(NotFoundError):
        texting.messenger.read(message.id, App("bank"))
    with pytest.raises(NotFoundError):
        texting.messenger.cancel(message.id, App("bank"), service.clock())
    assert texting.status(message) is MessageStatus.PENDING


def test_codes_and_messages_share_their_limits(db: Database) -> None:
    service = Service(db, limits={Limit.NUMBER: (Rate(2, 600),)})
    texting = Texting(service)
    service.issue()
    texting.ask()
    with pytest.raises(RateLimitExceededError):
        texting.ask()
    with pytest.raises(RateLimitExceededError):
        service.issue()


def test_only_countries_that_are_allowed_are_written_to(texting: Texting) -> None:
    with pytest.raises(CountryNotAllowedError):
        texting.ask(to="+4915112345678")


def test_a_message_is_no_code_to_anybody(service: Service, texting: Texting) -> None:
    """Neither to a check by number, nor to a send that would repeat or replace it, nor in a list."""
    code = service.issue(again=True)
    message = texting.ask()
    hashes = service.keyring.number_hashes(NUMBER)
    assert verifications.newest_pending(service.db, "shop", hashes, service.clock()) == code.id
    assert service.issue(again=True).id == code.id
    service.resender.resend(code.id, SHOP, service.clock())
    assert texting.status(message) is MessageStatus.PENDING
    listed = page(service.db, Wanted("shop"), 10, service.clock())
    assert [each.id for each in listed] == [code.id]
    listed = page(service.db, Wanted("shop", messages=True), 10, service.clock())
    assert [each.id for each in listed] == [message.id]


def test_a_code_takes_no_message_back_that_waits_for_the_same_person(
    service: Service, texting: Texting
) -> None:
    message = texting.ask()
    first = service.issue(again=True)
    assert texting.status(message) is MessageStatus.PENDING
    second = service.issuer.issue(SendRequest(NUMBER, code_length=8), SHOP, service.clock()).verification
    assert texting.status(message) is MessageStatus.PENDING
    assert [service.read(each).status.value for each in (first, second)] == ["canceled", "pending"]


def test_no_code_is_made_for_a_message(service: Service, texting: Texting) -> None:
    message = texting.sent()
    with service.db.read() as connection:
        row = connection.execute(select(rows).where(rows.c.id == message.id)).one()
    assert (row.seed, row.code_hash, row.max_checks) == (None, None, 0)


def test_nothing_is_accepted_that_no_worker_can_open_or_an_older_one_might_take(
    service: Service, texting: Texting
) -> None:
    texting.messenger = replace(texting.messenger, may_accept=lambda: False)
    with pytest.raises(SealingUnavailableError, match="OTP_OLDEST_VERSION"):
        texting.ask()
    with service.db.read() as connection:
        assert connection.execute(select(rows.c.id)).first() is None


def test_a_database_without_a_row_needs_nobodys_word_that_no_older_worker_runs(db: Database) -> None:
    assert OlderVersions(db, "0.1").know(Derivation.MESSAGE)


def test_a_database_that_an_older_version_used_needs_the_operators_word(db: Database) -> None:
    with db.write() as connection:
        connection.execute(update(counters).values(value=2))
    assert not OlderVersions(db, "0.2").know(Derivation.MESSAGE)
    assert OlderVersions(db, "0.3").know(Derivation.MESSAGE)


def test_a_forgotten_number_takes_its_messages_along(service: Service, texting: Texting) -> None:
    message = texting.ask()
    Operator(service.db, service.limits, service.policy.countries).forget(NUMBER)
    with pytest.raises(NotFoundError):
        texting.read(message)


def test_a_request_that_names_a_key_has_one_effect(service: Service, texting: Texting) -> None:
    once = Idempotency(service.db, service.keyring, service.clock).once("shop", "k-1", "message")
    request = MessageRequest(NUMBER, TEXT)
    texting.messenger.issue(request, SHOP, service.clock(), once)
    with pytest.raises(RequestInFlightError):
        texting.messenger.issue(request, SHOP, service.clock(), once)
    with service.db.read() as connection:
        assert len(connection.execute(select(rows.c.id)).all()) == 1


def test_a_message_is_no_sign_of_pumping(service: Service, texting: Texting) -> None:
    texting.sent()
    now = service.clock()
    span = Span(now - timedelta(hours=1), now + timedelta(seconds=1))
    assert recent(service.db, PumpedKind.COUNTRY, span, 1) == []
