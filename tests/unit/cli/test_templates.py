"""``otp-worker templates`` and ``template preview``, as an operator and a script use them."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app


@pytest.fixture
def command(database_url: str) -> CliRunner:
    return CliRunner()


def run(command: CliRunner, *arguments: str) -> Any:
    """What a command prints with --json."""
    done = command.invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def test_a_template_is_defined_shown_changed_and_removed(command: CliRunner) -> None:
    run(command, "apps", "create", "shop", "shown_name=Corner Shop", "web_origin=https://shop.example")
    text = "en={name}: {code} for order {order}"
    first = run(command, "templates", "set", "shop", "order", text, "--field", "order=4")
    assert (first["version"], first["in_use"], first["fields"]) == (1, True, {"order": 4})
    assert first["shown"] == [
        {
            "locale": "en",
            "alphabet": "gsm7",
            "characters": 56,
            "segments": 1,
            "text": "Corner Shop: 123456 for order xxxx\n@shop.example #123456",
        }
    ]
    second = run(
        command, "templates", "set", "shop", "order", "en={code}", "de=Ihr {code}", "--default", "de"
    )
    assert (second["version"], second["default_locale"]) == (2, "de")
    assert [each["version"] for each in run(command, "templates", "list", "shop")] == [2]
    old = run(command, "templates", "show", "shop", "order", "--version", "1")
    assert (old["version"], old["in_use"]) == (1, False)
    shown = command.invoke(app, ["templates", "show", "shop", "order"], env={"COLUMNS": "200"}).stdout
    assert "Ihr 123456" in shown
    assert run(command, "templates", "remove", "shop", "order")["in_use"] is False
    assert run(command, "templates", "list", "shop") == []
    assert "order" not in command.invoke(app, ["templates", "list", "shop"]).stdout


def test_the_preview_of_an_app_is_what_its_people_are_sent(command: CliRunner) -> None:
    run(command, "apps", "create", "shop", "shown_name=Corner Shop", "default_locale=de")
    run(command, "templates", "set", "shop", "login", "en={name} {code}", "de={name}: Ihr {code}")
    texts = run(command, "template", "preview", "--app", "shop", "--template", "login")
    assert [each["text"] for each in texts] == ["Corner Shop: Ihr 123456", "Corner Shop 123456"]
    (one,) = run(command, "template", "preview", "--app", "shop", "--template", "login", "--country", "GB")
    assert one["language"] == "de"
    (built_in,) = run(command, "template", "preview", "--app", "shop", "--locale", "en")
    assert built_in["text"] == "Corner Shop: Your code is 123456 (valid 5 minutes)."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set", "shop", "order", "en=no code"], "texts: en: it must contain {code}"),
        (["set", "shop", "order", "{code}"], "LOCALE=TEXT: write the name"),
        (["set", "shop", "order", "en={code}", "en={code}"], "each name once"),
        (["set", "shop", "order", "en={code} {x}", "--field", "x=many"], "--field: x: give"),
        (["set", "shop", "or der", "en={code}"], "name: give 1 to 64"),
        (["set", "shop", "default", "en={code} {x}", "--field", "x=5"], "fields: default has none"),
        (["set", "bank", "order", "en={code}"], "there is no such app"),
        (["show", "shop", "order"], "this app has no such template"),
        (["show", "shop", "order", "--version", "99999999999"], "this app has no such template"),
        (["remove", "shop", "order"], "this app has no such template"),
        (["list", "bank"], "there is no such app"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_told(command: CliRunner, arguments: list[str], said: str) -> None:
    run(command, "apps", "create", "shop")
    done = command.invoke(app, ["templates", *arguments])
    assert done.exit_code == 1
    assert said in str(done.exception)


def test_the_room_that_an_app_takes_is_judged_by_what_the_operator_and_the_app_write(
    command: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(command, "apps", "create", "shop")
    run(command, "templates", "set", "shop", "long", "en={code}" + "x" * 140)
    refused = command.invoke(app, ["apps", "set", "shop", "web_origin=https://shop.example"])
    assert "the app's template 'long' has no room for it; in 'en'" in str(refused.exception)
    run(command, "templates", "remove", "shop", "long")
    monkeypatch.setenv("OTP_TEMPLATES", json.dumps({"login": "{code}" + "x" * 140}))
    refused = command.invoke(app, ["apps", "set", "shop", "web_origin=https://shop.example"])
    assert "the operator's template 'login' has no room for it in 'de'" in str(refused.exception)
    monkeypatch.delenv("OTP_TEMPLATES")
    long_host = f"web_origin=https://{'a' * 60}.{'b' * 60}.example"
    refused = command.invoke(app, ["apps", "set", "shop", long_host])
    assert "the lines that fill the code in leave no room for it in" in str(refused.exception)
    run(command, "apps", "set", "shop", "web_origin=https://shop.example")
