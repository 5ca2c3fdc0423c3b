"""Old and new workers at one verification: they send the same digits, whichever comes first."""

import hashlib
import hmac
from collections.abc import Callable

import pytest
from alembic import command
from sqlalchemy import inspect, select, update

from otp_worker.deliver import codes
from otp_worker.domain import passcode
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.verification import Verification
from otp_worker.issue.request import SendRequest
from otp_worker.store import migrate
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from otp_worker.store.older_versions import OlderVersions
from otp_worker.store.schema import metadata, verifications
from tests.contract.service import ACCEPTED, NUMBER, OFFLINE, SHOP, Service


def old_derivation(key: bytes, seed: bytes, verification_id: str, digits: int, *_: object) -> str:
    """What a worker of the version before derivations were remembered does."""
    mac = hmac.digest(key, seed + verification_id.encode(), hashlib.sha256)
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def issue(service: Service, length: int) -> Verification:
    request = SendRequest(NUMBER, code_length=length)
    return service.issuer.issue(request, SHOP, service.clock()).verification


def mark_of(db: Database, verification: Verification) -> int | None:
    with db.read() as connection:
        of = select(verifications.c.derivation).where(verifications.c.id == verification.id)
        mark: int | None = connection.execute(of).scalar_one()
    return mark


@pytest.mark.parametrize("length", range(4, 11))
@pytest.mark.parametrize("workers", [("old", "new"), ("new", "old")], ids="then".join)
def test_two_versions_that_share_a_row_send_the_same_digits(
    service: Service, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, str], length: int
) -> None:
    """As in a rolling upgrade: the intake does not mark what an older worker may take."""
    derive: dict[str, Callable[..., str]] = {"old": old_derivation, "new": passcode.derive_code}
    object.__setattr__(service.issuer.drafts, "workers_know", lambda _: False)
    service.gateway.outcomes = [OFFLINE, ACCEPTED]
    verification = issue(service, length)
    for worker in workers:
        monkeypatch.setattr(codes, "derive_code", derive[worker])
        service.deliver(verification)
        service.clock.move(2)
    assert len(service.gateway.codes) == 2
    assert len(set(service.gateway.codes)) == 1
    assert service.check(verification, service.gateway.codes[0]).valid


def test_a_row_remembers_how_its_code_is_derived(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, ACCEPTED]
    verification = issue(service, 10)
    assert mark_of(service.db, verification) == Derivation.WIDE
    service.deliver(verification)
    object.__setattr__(service.issuer.drafts, "workers_know", lambda _: False)
    service.clock.move(2)
    service.deliver(verification)
    assert len(set(service.gateway.codes)) == 1
    assert service.check(verification, service.gateway.codes[0]).valid


@pytest.mark.parametrize("length", [4, 6, 8])
def test_codes_that_every_version_derives_alike_are_not_marked(service: Service, length: int) -> None:
    assert mark_of(service.db, issue(service, length)) is None


def test_a_mark_that_this_version_does_not_know_makes_no_wrong_code(service: Service) -> None:
    verification = issue(service, 10)
    with service.db.write() as connection:
        connection.execute(update(verifications).values(derivation=99))
    service.deliver(verification)
    assert service.gateway.messages == []
    assert "derivation 99" in (service.read(verification).reason or "")


def test_a_new_database_marks_at_once(db: Database) -> None:
    assert OlderVersions(db, "0.1").know(max(Derivation))


def test_a_database_that_is_upgraded_marks_when_the_operator_says_so(db: Database) -> None:
    verification = Service(db).issue()
    with db.write() as connection:
        rows = connection.execute(select(verifications)).mappings().all()
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        known = {column["name"] for column in inspect(connection).get_columns("verifications")}
        old = {name: value for name, value in rows[0].items() if name in known}
        connection.execute(verifications.insert().values(**old))
    upgrade(db)
    assert OlderVersions(db, "0.1").may_run()
    wide_alone = OlderVersions(db, "0.2")
    assert (wide_alone.know(Derivation.WIDE), wide_alone.know(Derivation.GIVEN)) == (True, False)
    assert OlderVersions(db, "0.3").know(max(Derivation))
    assert mark_of(db, verification) is None
