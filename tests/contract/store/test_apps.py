"""Statements for apps, on both databases."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select, update

from otp_worker.domain.app_settings import AppSettings
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.store import apps, schema
from otp_worker.store.database import Database
from tests.contract.service import START


def test_a_setting_of_a_newer_version_stays_when_another_one_is_changed(db: Database) -> None:
    apps.insert_app(db, "shop", {"code_length": 8}, START)
    with db.write() as connection:
        connection.execute(update(schema.apps).values(settings='{"code_length": 8, "later": [1]}'))
    assert apps.change_settings(db, "shop", {"code_length": None, "ttl_seconds": 90}, START)
    with db.read() as connection:
        stored = connection.execute(select(schema.apps.c.settings)).scalar_one()
    assert stored == '{"later": [1], "ttl_seconds": 90}'
    assert apps.settings_of(db, "test:shop") == AppSettings(ttl_seconds=90)


def test_of_settings_that_are_changed_at_once_none_is_lost(db: Database) -> None:
    apps.insert_app(db, "shop", {}, START)
    changes = [{"code_length": 8}, {"ttl_seconds": 90}, {"shown_name": "Shop"}, {"limit": "5/h"}] * 3
    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(lambda change: apps.change_settings(db, "shop", change, START), changes))
    assert apps.settings_of(db, "shop") == AppSettings(
        code_length=8, ttl_seconds=90, shown_name="Shop", limit="5/h"
    )


def test_keys_that_older_versions_made_get_their_apps_however_many_look_at_once(db: Database) -> None:
    keys = ApiKeys(db, lambda: START)
    for name in ("shop", "bank", "shop"):
        keys.create(name, START)
    with db.write() as connection:
        connection.execute(schema.apps.delete())
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: apps.list_apps(db, START), range(8)))
    assert all([(each.name, each.keys) for each in listed] == [("bank", 1), ("shop", 2)] for listed in found)


def test_a_revoked_key_is_not_counted(db: Database) -> None:
    keys = ApiKeys(db, lambda: START)
    keys.create("shop", START)
    keys.revoke(keys.list()[0].id, START)
    (shop,) = apps.list_apps(db, START)
    assert shop.keys == 0


def test_an_app_that_is_not_there_is_not_changed(db: Database) -> None:
    assert not apps.change_settings(db, "shop", {"code_length": 8}, START)
    assert apps.find_app(db, "shop", START) is None
    assert apps.insert_app(db, "shop", {}, START)
    assert not apps.insert_app(db, "shop", {"code_length": 8}, START)
    assert apps.settings_of(db, "shop") == AppSettings()
