"""A code that an app gives itself: who may, what is kept of it, and what a repeated request is."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from otp_worker.deliver.result import Waiting
from otp_worker.domain.app import App
from otp_worker.domain.app_settings import AppSettings
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.sealing import SealingUnavailableError, Unsealer
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.issue.request import Accepted, SendRequest
from otp_worker.store.database import Database
from otp_worker.store.schema import verifications
from tests.contract.service import CODE_SECRET, NUMBER, OFFLINE, SHOP, Service, wrong

CODE = "402853"
GIVER = App("shop", settings=AppSettings(custom_codes=True))


@pytest.fixture
def service(db: Database) -> Service:
    made = Service(db)
    made.announce_seal_keys()
    return made


def ask(service: Service, code: str | None = CODE, app: App = GIVER) -> Accepted:
    return service.issuer.issue(SendRequest(NUMBER, code=code), app, service.clock())


def row_of(service: Service, verification: Verification) -> dict[str, object]:
    with service.db.read() as connection:
        of_it = select(verifications).where(verifications.c.id == verification.id)
        return dict(connection.execute(of_it).mappings().one())


def test_the_code_that_the_app_gives_is_sent_and_approved(service: Service) -> None:
    verification = ask(service).verification
    service.deliver(verification)
    assert service.gateway.codes == [CODE]
    assert not service.check(verification, wrong(CODE)).valid
    assert service.check(verification, CODE).valid


def test_a_resend_and_a_repeated_attempt_send_the_same(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, *service.gateway.outcomes]
    verification = ask(service).verification
    service.deliver(verification)
    service.clock.move(31)
    service.deliver(verification)
    service.clock.move(31)
    service.resend(verification)
    service.deliver(verification, 2)
    assert service.gateway.codes == [CODE] * 3


def test_it_can_be_checked_before_it_is_sent(service: Service) -> None:
    assert service.check(ask(service).verification, CODE).valid


def test_what_is_kept_of_it_is_a_hash_and_a_seal_until_it_is_over(service: Service) -> None:
    verification = ask(service).verification
    row = row_of(service, verification)
    assert (row["seed"], row["derivation"], row["code_length"]) == (None, Derivation.GIVEN, len(CODE))
    sealed = row["sealed"]
    assert isinstance(sealed, bytes)
    assert Unsealer([CODE_SECRET]).open(sealed, verification.id) == CODE
    assert not any(
        CODE in str(value) or CODE.encode() in bytes(str(value), "utf-8") for value in row.values()
    )
    service.check(verification, CODE)
    row = row_of(service, verification)
    assert (row["sealed"], row["code_hash"]) == (None, None)


def test_an_app_that_may_not_is_told_which_setting_decides(service: Service) -> None:
    with pytest.raises(InvalidFieldError, match="gives no codes of its own; its custom_codes"):
        ask(service, app=SHOP)


def test_a_length_that_contradicts_the_code_is_refused(service: Service) -> None:
    request = SendRequest(NUMBER, code=CODE, code_length=8)
    with pytest.raises(InvalidFieldError, match="code_length: the code has 6 digits"):
        service.issuer.issue(request, GIVER, service.clock())


def test_nothing_is_taken_while_an_older_worker_may_run(service: Service) -> None:
    given = replace(service.issuer.given_codes, workers_know=lambda _: False)
    with pytest.raises(SealingUnavailableError, match="OTP_OLDEST_VERSION"):
        replace(service.issuer, given_codes=given).issue(
            SendRequest(NUMBER, code=CODE), GIVER, service.clock()
        )


def test_nothing_is_taken_that_no_worker_can_open(db: Database) -> None:
    with pytest.raises(SealingUnavailableError):
        ask(Service(db))


def test_the_same_code_again_is_a_resend(service: Service) -> None:
    first, second = ask(service), ask(service)
    assert second.resent
    assert second.verification.id == first.verification.id


@pytest.mark.parametrize("codes", [(CODE, "111111"), (CODE, None), (None, CODE)])
def test_another_code_is_another_verification_and_calls_the_unsent_one_back(
    service: Service, codes: tuple[str | None, str | None]
) -> None:
    first, second = (ask(service, code) for code in codes)
    assert not second.resent
    assert service.read(first.verification).status is VerificationStatus.CANCELED
    service.deliver(first.verification)
    service.deliver(second.verification)
    assert len(service.gateway.codes) == 1
    assert service.check(second.verification, service.gateway.codes[0]).valid


def test_a_rehearsal_takes_the_code_too(service: Service) -> None:
    rehearsing = replace(GIVER, test=True)
    verification = ask(service, app=rehearsing).verification
    service.deliver(verification)
    assert service.check(verification, CODE, rehearsing).valid


def test_a_worker_that_cannot_open_it_leaves_it_to_another(service: Service) -> None:
    verification = ask(service).verification
    codes = replace(service.deliverer.codes, unsealer=Unsealer(["another code secret"]))
    left = replace(service.deliverer, codes=codes).deliver(f"{verification.id}.1")
    assert isinstance(left, Waiting)
    service.deliver(verification)
    assert service.gateway.codes == [CODE]


def test_a_seal_that_was_moved_from_another_row_fails_the_verification(service: Service) -> None:
    other = ask(service).verification
    stolen = row_of(service, other)["sealed"]
    verification = ask(service, "111111").verification
    with service.db.write() as connection:
        of_it = verifications.c.id == verification.id
        connection.execute(update(verifications).where(of_it).values(sealed=stolen or b"x" * 60))
    service.deliver(verification)
    assert service.gateway.codes == []
    assert service.read(verification).status is VerificationStatus.FAILED
