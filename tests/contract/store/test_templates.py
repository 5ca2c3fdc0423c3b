"""Statements for the templates of apps, on both databases."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import event, update

from otp_worker.domain.app_settings import AppSettings
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.texts.template import Template
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.store import apps, templates
from otp_worker.store.database import Database
from otp_worker.store.schema import app_templates
from otp_worker.store.template_rows import StoredTemplate
from otp_worker.store.templates import TemplateReader
from tests.contract.service import START

FIRST = Template({"en": "{code}"}, "en")


def anything(settings: AppSettings, in_use: Sequence[StoredTemplate]) -> None:
    """Takes every template."""


def text(n: int) -> Template:
    return replace(FIRST, texts={"en": f"{n}: {{code}}"})


def test_each_change_is_a_version_of_its_own_and_the_earlier_ones_stay(db: Database) -> None:
    apps.insert_app(db, "shop", {}, START)
    versions = [templates.define(db, "shop", "login", text(n), START, anything) for n in (1, 2, 2, 1)]
    assert [each.version for each in versions if each] == [1, 2, 2, 3]
    kept = [templates.find_version(db, "shop", "login", version) for version in (1, 2, 3, 4)]
    assert [each.template if each else None for each in kept] == [text(1), text(2), text(1), None]
    assert [(each.name, each.version) for each in templates.templates_of(db, "shop")] == [("login", 3)]


def test_what_is_removed_is_in_no_use_and_comes_back_as_a_new_version(db: Database) -> None:
    apps.insert_app(db, "shop", {}, START)
    templates.define(db, "shop", "login", FIRST, START, anything)
    assert templates.retire(db, "shop", "login", START) is not None
    assert templates.retire(db, "shop", "login", START) is None
    assert templates.retire(db, "bank", "login", START) is None
    assert templates.templates_of(db, "shop") == []
    again = templates.define(db, "shop", "login", FIRST, START, anything)
    assert again is not None
    assert again.version == 2


def test_of_two_at_once_none_is_lost(db: Database) -> None:
    apps.insert_app(db, "shop", {}, START)

    def define(n: int) -> int:
        stored = templates.define(db, "shop", f"t{n % 2}", text(n), START, anything)
        return stored.version if stored else 0

    with ThreadPoolExecutor(4) as threads:
        versions = list(threads.map(define, range(8), timeout=60))
    assert sorted(versions) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert {each.name: each.version for each in templates.templates_of(db, "shop")} == {"t0": 4, "t1": 4}


def test_what_the_check_raises_leaves_all_as_it_was(db: Database) -> None:
    apps.insert_app(db, "shop", {"shown_name": "Shop"}, START)
    templates.define(db, "shop", "login", FIRST, START, anything)
    seen = []

    def refuse(settings: AppSettings, in_use: Sequence[StoredTemplate]) -> None:
        seen.append((settings.shown_name, [each.name for each in in_use]))
        raise InvalidFieldError("texts", "no")

    with pytest.raises(InvalidFieldError):
        templates.define(db, "shop", "login", text(2), START, refuse)
    with pytest.raises(InvalidFieldError):
        apps.change_settings(db, "shop", {"shown_name": "Other"}, START, refuse)
    assert seen == [("Shop", ["login"]), ("Other", ["login"])]
    assert apps.settings_of(db, "shop").shown_name == "Shop"
    assert [each.version for each in templates.templates_of(db, "shop")] == [1]


def test_a_change_of_settings_by_an_older_version_leaves_the_templates(db: Database) -> None:
    apps.insert_app(db, "shop", {}, START)
    templates.define(db, "shop", "login", FIRST, START, anything)
    apps.change_settings(db, "shop", {"code_length": 8}, START)
    found = apps.find_app(db, "shop", START)
    assert found is not None
    assert found.templates == {"login": 1}


def test_a_key_comes_with_the_versions_of_its_apps_templates(db: Database) -> None:
    keys = ApiKeys(db, lambda: START)
    live, rehearsing = (f"Bearer {keys.create('shop', START, test=test)}" for test in (False, True))
    assert keys.authenticate(live).templates == {}
    templates.define(db, "shop", "login", FIRST, START, anything)
    for header in (live, rehearsing):
        found = keys.authenticate(header)
        assert (found.templates, found.plain_name) == ({"login": 1}, "shop")


def test_a_version_is_read_from_the_database_once(db: Database) -> None:
    apps.insert_app(db, "shop", {}, START)
    templates.define(db, "shop", "login", FIRST, START, anything)
    reader = TemplateReader(db)
    asked: list[object] = []
    event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert [reader.find("shop", "login", 1) for _ in range(3)] == [FIRST] * 3
    assert len(asked) == 1
    assert reader.find("shop", "login", 2) is None


@pytest.mark.parametrize("written", ["{", "{}", '{"texts": {}, "alphabet": "utf8"}', "[]"])
def test_what_only_a_newer_version_can_read_counts_as_none(db: Database, written: str) -> None:
    apps.insert_app(db, "shop", {}, START)
    templates.define(db, "shop", "login", FIRST, START, anything)
    with db.write() as connection:
        connection.execute(update(app_templates).values(written=written))
    assert TemplateReader(db).find("shop", "login", 1) is None
    templates.define(db, "shop", "login", FIRST, START, anything)
    assert TemplateReader(db).find("shop", "login", 2) == FIRST
