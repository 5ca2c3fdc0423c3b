"""The environment: what is missing or malformed is named, what is secret is never shown."""

import pytest

from otp_worker.service.roles import Role, load_settings
from otp_worker.service.setting_types import passwords
from tests.unit.service.environments import SECRET, WHOLE, problem

pytestmark = pytest.mark.usefixtures("environment")


def test_a_whole_environment_is_taken() -> None:
    settings = load_settings("worker")
    assert settings.countries == frozenset({"GB", "US"})
    assert settings.public_url == "https://otp.example.com"
    assert settings.code_secrets == [SECRET]
    assert (settings.code_length, settings.ttl_seconds, settings.max_checks) == (6, 300, 5)


def test_a_limit_whose_sends_are_purged_before_its_window_ends_stops_the_start(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("OTP_LIMIT_NUMBER", "1/30s,3/7d")
    environment.setenv("OTP_RETENTION_DAYS", "7")
    load_settings("worker")
    environment.setenv("OTP_RETENTION_DAYS", "6")
    assert problem() == "OTP_LIMIT_NUMBER: its window of 7 d is longer than OTP_RETENTION_DAYS"


@pytest.mark.parametrize(
    ("role", "variable"),
    [
        *[("web", name) for name in list(WHOLE)[:5]],
        *[("worker", name) for name in list(WHOLE)[:7]],
        ("beat", "OTP_BROKER_URL"),
        ("flower", "OTP_BROKER_URL"),
        ("flower", "OTP_FLOWER_AUTH"),
        *[("console", name) for name in [*list(WHOLE)[:5], "OTP_CONSOLE_AUTH"]],
        ("cli", "OTP_DATABASE_URL"),
    ],
)
def test_what_a_process_needs_and_has_not_is_named(
    environment: pytest.MonkeyPatch, role: Role, variable: str
) -> None:
    environment.delenv(variable)
    assert problem(role) == f"{variable}: is not set"


def test_the_console_knows_each_login_by_its_password(environment: pytest.MonkeyPatch) -> None:
    assert passwords(load_settings("console").console_auth) == {
        "ann": "the-password",
        "bob": "another:password",
    }
    environment.setenv("OTP_CONSOLE_AUTH", "")
    assert problem("console").startswith("OTP_CONSOLE_AUTH: ")


@pytest.mark.parametrize(
    "variable", ["OTP_SECRET_KEY", "OTP_GATEWAY_URL", "OTP_GATEWAY_KEY", "OTP_BROKER_URL"]
)
def test_an_empty_value_is_none(environment: pytest.MonkeyPatch, variable: str) -> None:
    environment.setenv(variable, "")
    assert problem().startswith(f"{variable}: ")


@pytest.mark.parametrize(
    ("role", "needed"),
    [
        ("beat", ["OTP_BROKER_URL"]),
        ("flower", ["OTP_BROKER_URL", "OTP_FLOWER_AUTH"]),
        ("cli", ["OTP_DATABASE_URL"]),
    ],
)
def test_the_small_processes_start_with_no_more_than_they_need(
    environment: pytest.MonkeyPatch, role: Role, needed: list[str]
) -> None:
    for name in WHOLE.keys() - set(needed):
        environment.delenv(name)
    load_settings(role)


def test_everything_missing_is_named_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("OTP_SECRET_KEY")
    environment.delenv("OTP_COUNTRIES")
    assert problem().splitlines() == ["OTP_SECRET_KEY: is not set", "OTP_COUNTRIES: is not set"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTP_DATABASE_URL", "mysql://host/name"),
        ("OTP_DATABASE_URL", "not a url"),
        ("OTP_DATABASE_URL", "sqlite:///relative.db"),
        ("OTP_DATABASE_URL", "sqlite:///data/relative.db"),
        ("OTP_DATABASE_URL", "sqlite://"),
        ("OTP_DATABASE_URL", "sqlite:///:memory:"),
        ("OTP_DATABASE_URL", "sqlite:////nonexistent/folder/otp.db"),
        ("OTP_DATABASE_URL", "sqlite:////etc/hostname/otp.db"),
        ("OTP_BROKER_URL", "http://127.0.0.1"),
        ("OTP_SECRET_KEY", "too short"),
        ("OTP_SECRET_KEY", SECRET[:31]),
        ("OTP_SECRET_KEY", "a" * 64),
        ("OTP_SECRET_KEY", f"{SECRET},short"),
        ("OTP_SECRET_KEY", " , "),
        ("OTP_CODE_KEY", "changeme"),
        ("OTP_COUNTRIES", "GB,XX"),
        ("OTP_COUNTRIES", " , "),
        ("OTP_PUBLIC_URL", "otp.example.com"),
        ("OTP_CODE_LENGTH", "3"),
        ("OTP_CODE_LENGTH", "six"),
        ("OTP_TTL_SECONDS", "601"),
        ("OTP_SEND_DEADLINE_SECONDS", "541"),
        ("OTP_BCRYPT_ROUNDS", "3"),
        ("OTP_FLOWER_AUTH", "operator"),
        ("OTP_FLOWER_AUTH", "operator:short"),
        ("OTP_FLOWER_AUTH", ":long-enough"),
        ("OTP_CONSOLE_AUTH", "ann"),
        ("OTP_CONSOLE_AUTH", "ann:the-password,bob:short"),
        ("OTP_CONSOLE_AUTH", "ann:the-password,ann:another-password"),
        ("OTP_GATEWAY_KIND", "carrier_pigeon"),
        ("OTP_CODE_LENGTH", "11"),
        ("OTP_TEMPLATES", '{"login": "no code"}'),
        ("OTP_TEMPLATES", '{"login": "{code} http://x"}'),
        ("OTP_TEMPLATES", "Your code is {code}."),
        ("OTP_TEMPLATES", '["{code}"]'),
        ("OTP_REPLY_WEBHOOK_URL", "support.example.com"),
        ("FLOWER_PORT", "0"),
    ],
)
def test_a_malformed_value_is_named_and_not_repeated(
    environment: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    environment.setenv(variable, value)
    said = problem()
    assert said.startswith(f"{variable}: ")
    assert len(said.splitlines()) == 1
    if "KEY" in variable or "AUTH" in variable:
        assert value not in said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://otp:the-pass",  # the password stands where a port would
        "postgresql://otp:left@the-pass:right@host/otp",  # an @ that should be %40
        "mysql://otp:the-pass@host/otp",
        "the-pass",
    ],
)
def test_a_malformed_database_url_does_not_give_its_password_away(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    environment.setenv("OTP_DATABASE_URL", url)
    said = problem()
    assert said.startswith("OTP_DATABASE_URL: ")
    assert "the-pass" not in said
    assert "right" not in said


def test_every_malformed_value_is_named_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_SECRET_KEY", "short")
    environment.setenv("OTP_CODE_LENGTH", "11")
    assert [line.split(":")[0] for line in problem().splitlines()] == ["OTP_SECRET_KEY", "OTP_CODE_LENGTH"]


def test_no_secret_is_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_DATABASE_URL", "postgresql://otp:database-pass@host/otp")
    environment.setenv("OTP_BROKER_URL", "redis://:broker-pass@host/0")
    shown = repr(load_settings("worker"))
    for secret in (SECRET, "sk_live_gateway", "the-password", "database-pass", "broker-pass"):
        assert secret not in shown
