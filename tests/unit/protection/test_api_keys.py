"""API keys: their form, their checksum, and whom they stand for."""

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError, UnauthenticatedError
from otp_worker.domain.limits import Limit, Rate
from otp_worker.protection.api_keys import REMEMBERED_SECONDS, ApiKeys
from otp_worker.protection.credentials import _checksum
from otp_worker.store import api_keys as stored_keys
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('keys') / 'keys.db'}")
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def keys(db: Database) -> ApiKeys:
    return ApiKeys(db)


def mistyped(key: str) -> list[str]:
    """The key with each one of its characters changed, in its case where it has one."""
    return [
        key[:at]
        + (char.swapcase() if char.isalpha() else "x" if char == "_" else str(9 - int(char)))
        + key[at + 1 :]
        for at, char in enumerate(key)
    ]


@pytest.mark.parametrize(("test", "prefix"), [(False, "otp_live_"), (True, "otp_test_")])
def test_a_key_says_what_it_is_and_is_long_enough_to_be_unguessable(
    keys: ApiKeys, test: bool, prefix: str
) -> None:
    key = keys.create("shop", NOW, test=test)
    assert key.startswith(prefix)
    assert len(key) == len(prefix) + 32 + 6
    assert key.removeprefix(prefix).isalnum()
    assert key.isascii()


def test_no_two_keys_are_alike(keys: ApiKeys) -> None:
    assert len({keys.create("shop", NOW)[9:-6] for _ in range(20)}) == 20


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_stands_for_the_app_it_was_made_for(keys: ApiKeys, scheme: str) -> None:
    assert keys.authenticate(f"{scheme} {keys.create('shop', NOW)}") == App("shop", test=False)


def test_two_keys_of_one_name_are_one_app(keys: ApiKeys) -> None:
    first, second = (keys.authenticate(f"Bearer {keys.create('shop', NOW)}") for _ in range(2))
    assert first == second


def test_a_key_brings_the_limits_it_was_made_with(keys: ApiKeys) -> None:
    limited = keys.create("shop", NOW, limit="500/h", checks_limit="")
    assert keys.authenticate(f"Bearer {limited}").rates == {
        Limit.KEY: (Rate(500, 3600),),
        Limit.CHECKS_KEY: (),
    }
    assert keys.authenticate(f"Bearer {keys.create('shop', NOW)}").rates == {}


def test_a_test_key_is_an_app_apart_that_no_live_key_can_name(keys: ApiKeys) -> None:
    app = keys.authenticate(f"Bearer {keys.create('shop', NOW, test=True)}")
    assert app == App("test:shop", test=True)
    with pytest.raises(InvalidFieldError):
        keys.create(app.name, NOW)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic {key}", "{key}", "Bearer\t{key}"])
def test_another_scheme_or_none_is_told_what_to_send(keys: ApiKeys, header: str | None) -> None:
    with pytest.raises(UnauthenticatedError, match="send the header Authorization: Bearer"):
        keys.authenticate(header and header.format(key=keys.create("shop", NOW)))


def test_any_one_mistyped_character_is_caught_without_asking_the_database(
    keys: ApiKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keys.create("shop", NOW)
    monkeypatch.setattr(keys, "_db", None)
    for typo in mistyped(key):
        assert typo != key
        with pytest.raises(UnauthenticatedError, match="copied whole"):
            keys.authenticate(f"Bearer {typo}")


@pytest.mark.parametrize(
    "spoil",
    ["{0}x", "x{0}", " {0}", "{0} ", "{0}\n", "{0},{0}", "otp_live_", "x", "\u00e9", "\0", "otp_test_{1}"],
)
def test_what_is_not_a_whole_key_is_refused(keys: ApiKeys, spoil: str) -> None:
    key = keys.create("shop", NOW)
    with pytest.raises(UnauthenticatedError, match="copied whole"):
        keys.authenticate(f"Bearer {spoil.format(key, key.removeprefix('otp_live_'))}")


def test_a_revoked_key_is_refused_at_once_and_can_be_revoked_once(keys: ApiKeys) -> None:
    key = keys.create("revoked", NOW)
    (stored,) = [stored for stored in keys.list() if stored.name == "revoked"]
    assert keys.revoke(stored.id, NOW)
    with pytest.raises(UnauthenticatedError, match="unknown or revoked"):
        keys.authenticate(f"Bearer {key}")
    assert not keys.revoke(stored.id, NOW)
    assert [stored.revoked_at for stored in keys.list() if stored.name == "revoked"] == [NOW]


def test_a_rotated_key_stays_valid_for_the_overlap(db: Database) -> None:
    now = NOW
    keys = ApiKeys(db, lambda: now)
    old = keys.create("rotated", NOW, test=True)
    (stored,) = [stored for stored in keys.list() if stored.name == "rotated"]
    new = keys.rotate(stored.id, NOW, timedelta(hours=1))
    assert new is not None
    now = NOW + timedelta(minutes=59)
    assert keys.authenticate(f"Bearer {old}") == keys.authenticate(f"Bearer {new}")
    now = NOW + timedelta(hours=1)
    with pytest.raises(UnauthenticatedError, match="unknown or revoked"):
        keys.authenticate(f"Bearer {old}")
    assert keys.authenticate(f"Bearer {new}") == App("test:rotated", test=True)
    assert keys.rotate(stored.id, now, timedelta(hours=1)) is None


def test_a_rotated_key_can_be_revoked_before_its_time(db: Database) -> None:
    keys = ApiKeys(db, lambda: NOW)
    old = keys.create("hurried", NOW)
    (stored,) = [stored for stored in keys.list() if stored.name == "hurried"]
    assert keys.rotate(stored.id, NOW, timedelta(hours=1))
    assert keys.revoke(stored.id, NOW)
    with pytest.raises(UnauthenticatedError, match="unknown or revoked"):
        keys.authenticate(f"Bearer {old}")


def test_a_whole_key_of_another_service_is_unknown_here(keys: ApiKeys, tmp_path: Path) -> None:
    elsewhere = Database(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    upgrade(elsewhere)
    key = ApiKeys(elsewhere).create("shop", NOW)
    elsewhere.close()
    with pytest.raises(UnauthenticatedError, match="unknown or revoked"):
        keys.authenticate(f"Bearer {key}")


def test_an_error_never_repeats_the_key(keys: ApiKeys) -> None:
    key = keys.create("shop", NOW)
    for header in (f"Basic {key}", f"Bearer {key}x"):
        with pytest.raises(UnauthenticatedError) as refusal:
            keys.authenticate(header)
        assert key[9:] not in str(refusal.value)


def test_the_database_never_sees_a_key(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'own.db'}")
    upgrade(database)
    key = ApiKeys(database).create("shop", NOW)
    database.close()
    assert not any(key[13:-6].encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_the_list_hints_at_each_key_newest_first(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'own.db'}")
    upgrade(database)
    keys = ApiKeys(database)
    old, new = keys.create("old", NOW), keys.create("new", NOW + timedelta(seconds=1), test=True)
    assert [(stored.name, stored.hint, stored.test) for stored in keys.list()] == [
        ("new", f"{new[:13]}\u2026{new[-4:]}", True),
        ("old", f"{old[:13]}\u2026{old[-4:]}", False),
    ]
    database.close()


@pytest.mark.parametrize("name", ["", "-x", "a b", "test:shop", "a" * 49, "caf\u00e9", "x\n", "a/b"])
def test_a_name_that_would_not_read_well_in_a_log_is_refused(keys: ApiKeys, name: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        keys.create(name, NOW)
    assert refusal.value.field == "name"


def test_of_keys_that_are_looked_up_together_each_is_answered_for_itself(db: Database, keys: ApiKeys) -> None:
    shop, bank, gone = (keys.create(name, NOW) for name in ("shop", "bank", "gone"))
    [revoked] = [each.id for each in keys.list() if each.name == "gone"]
    assert keys.revoke(revoked, NOW)
    hashes = [hashlib.sha256(key.encode()).digest() for key in (bank, gone, "unknown", shop, bank)]
    found = stored_keys._find_keys(db, [(each, NOW) for each in hashes])
    assert [each and each.key.name for each in found] == ["bank", None, None, "shop", "bank"]


def test_in_a_crowd_each_key_stands_for_its_own_app(keys: ApiKeys) -> None:
    names = [f"app-{number}" for number in range(8)]
    headers = {name: f"Bearer {keys.create(name, NOW)}" for name in names}
    with ThreadPoolExecutor(16) as threads:
        told = list(threads.map(lambda name: keys.authenticate(headers[name]).name, names * 50))
    assert told == names * 50


def test_who_looks_the_key_up_again_recognizes_it_for_a_second_without_asking_the_database(
    keys: ApiKeys, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    header = f"Bearer {keys.create('busy', NOW, limit='5/h')}"
    first = keys.recognize(header)
    assert (first, first.key_hash) == (keys.authenticate(header), None)
    (stored,) = [stored for stored in keys.list() if stored.name == "busy"]
    assert keys.revoke(stored.id, NOW)
    now += REMEMBERED_SECONDS - 0.001
    remembered = keys.recognize(header)
    assert remembered == first
    assert remembered.key_hash is not None
    with db.read() as connection:
        assert stored_keys.invalid_keys(connection, {remembered.key_hash}, NOW) == {remembered.key_hash}
    with pytest.raises(UnauthenticatedError):
        keys.authenticate(header)
    now += 0.001
    with pytest.raises(UnauthenticatedError):
        keys.recognize(header)


def test_no_key_that_is_unknown_is_remembered(keys: ApiKeys) -> None:
    with pytest.raises(UnauthenticatedError):
        keys.recognize(f"Bearer {_whole_key()}")
    assert not keys._remembered


def _whole_key() -> str:
    body = f"otp_live_{'a' * 32}"
    return body + _checksum(body)
