"""Sealing to a key that workers have: during rotations, with a wrong key, and before any worker has run."""

from datetime import timedelta

import pytest

from otp_worker.domain.sealing import SealingUnavailableError, Unsealer
from otp_worker.issue.sealer import Sealer
from otp_worker.store import seal_keys
from otp_worker.store.database import Database
from tests.contract.service import START

OLD, NEW, OTHER = (f"{which} code secret of the tests" for which in ("an old", "a new", "another"))


def announce(db: Database, *secrets: str, minutes: float = 0) -> None:
    """Let a worker with these secrets say so, that many minutes after the start."""
    ids = [key.id for key in Unsealer(secrets).public_keys]
    seal_keys.announce(db, ids, START + timedelta(minutes=minutes))


def sealer(db: Database, *secrets: str) -> Sealer:
    return Sealer(db, Unsealer(secrets).public_keys)


def test_it_seals_with_the_newest_key_that_the_workers_have(db: Database) -> None:
    web = sealer(db, NEW, OLD)
    announce(db, OLD)
    assert Unsealer([OLD]).open(web.seal("text", "ver_1"), "ver_1") == "text"
    announce(db, NEW, OLD)
    assert Unsealer([NEW]).open(web.seal("text", "ver_1"), "ver_1") == "text"


def test_before_a_worker_has_run_nothing_is_sealed(db: Database) -> None:
    with pytest.raises(SealingUnavailableError, match="no worker of this version has run yet"):
        sealer(db, OLD).seal("text", "ver_1")


def test_a_key_that_the_workers_do_not_have_is_refused_and_the_variable_named(db: Database) -> None:
    announce(db, OTHER)
    with pytest.raises(SealingUnavailableError, match="OTP_SEAL_PUBLIC_KEY"):
        sealer(db, OLD).seal("text", "ver_1")


def test_a_key_that_workers_have_given_up_is_used_no_more(db: Database) -> None:
    announce(db, OLD)
    announce(db, NEW, minutes=4)
    sealer(db, OLD).seal("text", "ver_1")
    announce(db, NEW, minutes=6)
    with pytest.raises(SealingUnavailableError):
        sealer(db, OLD).seal("text", "ver_1")


def test_while_all_workers_are_away_it_goes_on_sealing(db: Database) -> None:
    announce(db, OLD)
    announce(db, OLD)
    assert seal_keys.known(db) == {key.id for key in Unsealer([OLD]).public_keys}
