"""Of many that ask for one person at once, in one process or several, one writes and the others find it."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from otp_worker.domain.verification import VerificationStatus
from otp_worker.issue.request import SendRequest
from otp_worker.store import issue
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, verifications
from otp_worker.store.verifications import newest_pending
from tests.contract.service import NUMBER, ROOT_SECRET, SHOP, START, Service

SECONDS = 60


def written(db: Database) -> tuple[int, int]:
    with db.read() as connection:
        return (
            connection.execute(select(func.count()).select_from(verifications)).scalar_one(),
            connection.execute(select(func.count()).select_from(deliveries)).scalar_one(),
        )


def test_several_issuers_that_all_found_nothing_write_one(db: Database) -> None:
    services = [Service(db) for _ in range(4)]
    begin = threading.Barrier(len(services))

    def ask(service: Service) -> str:
        begin.wait(SECONDS)
        return service.issue(again=True).id

    with ThreadPoolExecutor(len(services)) as threads:
        assert len(set(threads.map(ask, services))) == 1
    assert written(db) == (1, 1)


def test_who_finds_it_only_when_it_is_to_write_answers_with_it_too(db: Database) -> None:
    service = Service(db)
    first = service.issue(again=True)
    found_nothing = issue.find_refused
    try:
        issue.find_refused = lambda db, sends: {}
        assert service.issue(again=True).id == first.id
    finally:
        issue.find_refused = found_nothing
    assert written(db) == (1, 1)


def test_a_new_root_secret_is_no_other_person(db: Database) -> None:
    first = Service(db).issue(again=True)
    after = Service(db, roots=("a new root secret of the tests, long enough", ROOT_SECRET))
    assert after.issue(again=True).id == first.id


def test_what_a_worker_has_in_hand_is_superseded_as_a_cancel_would(db: Database) -> None:
    service = Service(db)
    older = service.issue(again=True)
    send = service.gateway.send

    def while_it_is_sent(message: object) -> object:
        service.gateway.send = send  # type: ignore[method-assign]
        service.issuer.issue(SendRequest(NUMBER, new=True), SHOP, service.clock())
        return send(message)  # type: ignore[arg-type]

    service.gateway.send = while_it_is_sent  # type: ignore[method-assign,assignment]
    service.deliver(older)
    found = service.read(older)
    assert found.status is VerificationStatus.CANCELED
    assert found.delivery.sent_at is not None


def test_a_verification_that_is_texted_to_us_is_no_pending_code(db: Database) -> None:
    service = Service(db)
    service.issue(again=True)
    with db.update() as connection:
        connection.execute(verifications.update().values(token_hash=b"t" * 32))
    service.issue(again=True)
    assert written(db)[0] == 2


def test_a_purpose_is_another_code_and_none_is_one_of_its_own(db: Database) -> None:
    service = Service(db)
    purposes = (None, "login", "payment", "login", None)
    asked = [service.issuer.issue(SendRequest(NUMBER, purpose=each), SHOP, START) for each in purposes]
    ids = [each.verification.id for each in asked]
    assert len(set(ids)) == 3
    assert (ids[3], ids[4]) == (ids[1], ids[0])
    hashes = service.keyring.number_hashes(NUMBER)
    for purpose, id in zip(purposes, ids, strict=True):
        assert newest_pending(db, "shop", hashes, START, purpose) == id


def test_a_row_that_an_older_version_wrote_is_pending_for_no_purpose(db: Database) -> None:
    service = Service(db)
    old = service.issue(again=True)
    with db.update() as connection:
        connection.execute(verifications.update().values(purpose=None, client_reference=None, tags=None))
    assert service.issue(again=True).id == old.id
    other = service.issuer.issue(SendRequest(NUMBER, purpose="login"), SHOP, START).verification
    assert (other.id != old.id, service.read(old).tags) == (True, {})
