"""Erasing a person."""

import pytest
from sqlalchemy import func, insert, select

from otp_worker.domain.errors import NumberLockedError
from otp_worker.domain.gateway import Message, Outcome
from otp_worker.issue.idempotency import Idempotency
from otp_worker.issue.issuer import SendRequest
from otp_worker.store import erasure
from otp_worker.store.erasure import Erased
from otp_worker.store.schema import metadata, replies
from tests.contract.service import ACCEPTED, NUMBER, SHOP, ObedientGateway, Service, wrong

OTHER = "+447400654321"


def erase(service: Service) -> Erased:
    return erasure.erase_number(service.db, NUMBER, service.keyring.number_hashes(NUMBER))


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
    once = Idempotency(service.db, service.keyring).once("shop", "order-1", "a send")
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
