"""What a stolen SQLite file tells: nothing that the service has wiped."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, update

from otp_worker.domain.gateway import Reply
from otp_worker.domain.ports import Outbox
from otp_worker.domain.reply import REPLY_LANGUAGES
from otp_worker.inbound.replies import Replies
from otp_worker.operations.admin import Operator
from otp_worker.store.database import Database
from otp_worker.store.lifecycle import fail_if_nothing_was_sent
from otp_worker.store.migrate import upgrade
from otp_worker.store.schema import verifications
from tests.contract.service import NUMBER, SHOP, Service, wrong


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Service]:
    with closing(Database(f"sqlite:///{tmp_path}/otp.db")) as db:
        upgrade(db)
        yield Service(db)


def stolen(folder: Path) -> bytes:
    """Every byte of the database, its log and its index."""
    files = sorted(folder.glob("otp.db*"))
    assert files
    return b"".join(each.read_bytes() for each in files)


@pytest.mark.parametrize(
    "end", ["approved", "canceled", "expired", "failed", "max_checks_reached", "forgotten"]
)
def test_hash_seed_and_what_is_sealed_of_an_ended_verification_are_nowhere_in_the_files(
    kept: Service, tmp_path: Path, end: str
) -> None:
    verification, code = kept.sent()
    sealed = kept.unsealer.public_keys[0].seal("12.00 EUR", verification.id)
    with kept.db.write() as connection:
        connection.execute(update(verifications).values(sealed=sealed))
    with kept.db.read() as connection:
        of_it = select(verifications.c.seed, verifications.c.code_hash, verifications.c.sealed)
        secrets = [bytes(each) for each in connection.execute(of_it).one()]
    assert all(each in stolen(tmp_path) for each in secrets)
    if end == "approved":
        kept.check(verification, code)
    elif end == "canceled":
        kept.issuer.cancel(verification.id, SHOP, kept.clock())
    elif end == "failed":
        with kept.db.write() as connection:
            connection.execute(update(verifications).values(handed_at=None))
            fail_if_nothing_was_sent(connection, [verification.id], kept.clock(), "refused")
    elif end == "max_checks_reached":
        for _ in range(verification.max_checks):
            kept.check(verification, wrong(code))
    elif end == "expired":
        kept.clock.move(301)
        kept.expirer.expire(kept.clock())
    else:
        Operator(kept.db, kept.limits, kept.policy.countries).forget(NUMBER)
    kept.expirer.purge(kept.clock())
    assert not any(each in stolen(tmp_path) for each in secrets)


def test_what_an_older_version_left_sealed_goes_with_the_number(kept: Service) -> None:
    verification, code = kept.sent()
    kept.check(verification, code)
    with kept.db.write() as connection:
        connection.execute(update(verifications).values(sealed=b"sealed"))
    kept.clock.move(3601)
    kept.expirer.purge(kept.clock())
    with kept.db.read() as connection:
        assert connection.execute(select(verifications.c.sealed)).scalar() is None


def test_a_number_that_was_forgotten_is_nowhere_in_the_files(kept: Service, tmp_path: Path) -> None:
    kept.sent()
    taking = Replies(kept.db, kept.keyring, REPLY_LANGUAGES, 3600, Outbox((), lambda _: True))
    taking.take("obedient", Reply(NUMBER, "call me", None, kept.clock(), "key"), kept.clock())
    assert NUMBER.encode() in stolen(tmp_path)
    for _ in range(2):
        kept.clock.move(3601)
        kept.expirer.expire(kept.clock())
        kept.expirer.purge(kept.clock())
    assert NUMBER.encode() not in stolen(tmp_path)


def test_while_somebody_reads_nothing_fails_and_the_next_sweep_empties_the_log(
    kept: Service, tmp_path: Path
) -> None:
    kept.sent()
    with kept.db.engine.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.exec_driver_sql("SELECT count(*) FROM verifications")
        kept.issue("+447400123457")
        kept.db.checkpoint()
        assert (tmp_path / "otp.db-wal").stat().st_size > 0
        reader.exec_driver_sql("ROLLBACK")
    kept.db.checkpoint()
    assert (tmp_path / "otp.db-wal").stat().st_size == 0


def test_a_new_database_is_the_operators_alone(kept: Service, tmp_path: Path) -> None:
    kept.issue()
    modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.glob("otp.db*")}
    assert modes == {"otp.db": 0o600, "otp.db-wal": 0o600, "otp.db-shm": 0o600}


def test_an_older_database_keeps_the_mode_that_its_operator_gave_it(tmp_path: Path) -> None:
    path = tmp_path / "otp.db"
    path.touch()
    path.chmod(0o640)
    with closing(Database(f"sqlite:///{path}")) as db:
        upgrade(db)
    assert path.stat().st_mode & 0o777 == 0o640
