"""Apps in the console: looked at, made and set, each act written down."""

import pytest

from otp_worker.domain.app_settings import SETTINGS, AppSettings
from otp_worker.domain.texts.template import Template
from otp_worker.operations.app_texts import OperatorsTexts
from otp_worker.operations.templates import AppTemplates
from otp_worker.store import apps, audit
from tests.api.client import Caller
from tests.api.console.visitor import Visitor
from tests.api.service import Service


def settings(service: Service) -> AppSettings:
    return apps.settings_of(service.db, "shop")


def set_to(operator: Visitor, setting: str, value: str) -> str:
    """What the page says after a setting was given a value."""
    path = f"/apps/shop/{setting}"
    assert operator.get(path).status_code == 200
    answer = operator.post(path, value=value)
    assert answer.status_code == 303, answer.text
    return operator.get(answer.headers["location"]).text


@pytest.mark.usefixtures("shop")
def test_every_setting_is_set_by_its_page_and_written_down(operator: Visitor, service: Service) -> None:
    for name, setting in SETTINGS.items():
        assert f"/apps/shop/{name}" in operator.get("/apps/shop").text
        service.clock.move(1)
        assert f"{setting.title} is {setting.example} now." in set_to(operator, name, setting.example)
        entry = audit.newest(service.db, 1)[0]
        assert (entry.login, entry.action, entry.subject) == ("ann", f"set {name}", "shop")
        assert entry.outcome == f"{setting.title} is {setting.example} now."
        assert getattr(settings(service), name) is not None
    assert "Corner Shop" in operator.get("/apps").text


@pytest.mark.usefixtures("shop")
def test_an_empty_value_is_as_for_all_again(operator: Visitor, service: Service) -> None:
    set_to(operator, "limit", "none")
    assert settings(service).limit == ""
    assert 'value="none"' in operator.get("/apps/shop/limit").text
    assert "Sends allowed is as for all again." in set_to(operator, "limit", " ")
    assert settings(service) == AppSettings()


@pytest.mark.usefixtures("shop")
def test_a_value_that_cannot_be_changes_nothing_and_says_the_fix(operator: Visitor, service: Service) -> None:
    assert "give a whole number from 4 to 10" in set_to(operator, "code_length", "eight")
    assert settings(service) == AppSettings()


def test_an_app_is_made_before_its_key(operator: Visitor, service: Service) -> None:
    service.clock.move(1)
    operator.get("/new-app")
    made = operator.post("/new-app", name="bank")
    assert made.headers["location"].startswith("/apps/bank?done=")
    assert "It is made." in operator.get(made.headers["location"]).text
    service.clock.move(1)
    operator.get("/new-app")
    refused = operator.post("/new-app", name="two words")
    assert "1 to 48 letters" in operator.get(refused.headers["location"]).text
    assert [(entry.action, entry.subject) for entry in audit.newest(service.db, 2)] == [
        ("make an app", "-"),
        ("make an app", "bank"),
    ]


def test_what_is_not_there_is_a_404(operator: Visitor, shop: Caller) -> None:
    for path in ("/apps/nobody", "/apps/shop/colour", "/apps/nobody/code_length", "/apps/%00"):
        assert operator.get(path).status_code == 404, path
    assert operator.post("/apps/shop/colour", value="red").status_code == 404


def test_a_resend_in_the_console_counts_toward_the_apps_own_limit(
    operator: Visitor, service: Service, sent: str
) -> None:
    apps.change_settings(service.db, "shop", {"limit": "1/h"}, service.clock())
    service.clock.move(31)
    assert "limit key is reached" in operator.act(f"/verifications/{sent}/resend").text


@pytest.mark.usefixtures("shop")
def test_the_texts_of_an_apps_templates_are_shown_as_people_are_sent_them(
    operator: Visitor, service: Service
) -> None:
    assert "Templates" not in operator.get("/apps/shop").text
    texts = OperatorsTexts(service.policy.languages)
    given = Template({"en": "<b>{name}</b> {code}", "de": "Ihr {code}"}, "en")
    AppTemplates(service.db, service.clock, texts).define("shop", "login", given)
    shown = operator.get("/apps/shop").text
    assert "login, version 1" in shown
    assert "&lt;b&gt;shop&lt;/b&gt; 123456" in shown
    assert 'lang="de"' in shown
