"""The environment: what is missing or malformed is named, what is secret is never shown."""

import os
from pathlib import Path

import pytest

from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.sms_text import LANGUAGES
from otp_worker.operations.email import EmailChannel, SmtpServer
from otp_worker.service.roles import Role, load_settings
from otp_worker.service.setting_types import passwords
from otp_worker.service.wiring import channels

SECRET = "abcdefghijklmnopqrstuvwxyz0123456789"
WHOLE = {
    "OTP_DATABASE_URL": "sqlite:////tmp/otp.db",
    "OTP_BROKER_URL": "redis://127.0.0.1:6379/0",
    "OTP_SECRET_KEY": SECRET,
    "OTP_COUNTRIES": "GB, us",
    "OTP_PUBLIC_URL": "https://otp.example.com/",
    "OTP_GATEWAY_URL": "https://gateway.example.com/v1",
    "OTP_GATEWAY_KEY": "sk_live_gateway",
    "OTP_FLOWER_AUTH": "operator:the-password",
    "OTP_CONSOLE_AUTH": "ann:the-password, bob:another:password",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A whole and valid environment, and nothing else."""
    for name in [name for name in os.environ if name.startswith("OTP_") or name == "FLOWER_PORT"]:
        monkeypatch.delenv(name)
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def problem(role: Role = "worker") -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(role)
    return str(refused.value)


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


def test_an_empty_public_url_is_a_decision(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_PUBLIC_URL", "")
    assert load_settings("web").public_url == ""


def test_a_secret_can_be_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk_live_from_a_file\n")
    environment.delenv("OTP_GATEWAY_KEY")
    environment.setenv("OTP_GATEWAY_KEY_FILE", str(tmp_path / "key"))
    key = load_settings("worker").gateway_key
    assert key is not None
    assert key.get_secret_value() == "sk_live_from_a_file"


@pytest.mark.parametrize(
    "variable",
    ["OTP_DATABASE_URL", "OTP_BROKER_URL", "OTP_SECRET_KEY", "OTP_CODE_KEY", "OTP_FLOWER_AUTH"],
)
def test_what_a_file_holds_is_validated_and_not_repeated_either(
    environment: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    (tmp_path / "secret").write_text("the-weak-one\n")
    environment.delenv(variable, raising=False)
    environment.setenv(f"{variable}_FILE", str(tmp_path / "secret"))
    said = problem()
    assert said.startswith(f"{variable}: ")
    assert "the-weak-one" not in said


def test_an_empty_variable_does_not_hide_its_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SECRET[::-1])
    environment.setenv("OTP_SECRET_KEY", "")
    environment.setenv("OTP_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert load_settings("web").root_secrets == [SECRET[::-1]]


def test_an_empty_file_variable_is_none(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_SECRET_KEY_FILE", "")
    assert load_settings("web").root_secrets == [SECRET]


@pytest.mark.parametrize("spelling", ["OTP_SECRET_KEY", "otp_secret_key"])
def test_a_secret_that_is_given_twice_is_named_in_both_its_forms(
    environment: pytest.MonkeyPatch, tmp_path: Path, spelling: str
) -> None:
    (tmp_path / "key").write_text(SECRET)
    environment.delenv("OTP_SECRET_KEY")
    environment.setenv(spelling, SECRET)
    environment.setenv("OTP_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert problem() == "OTP_SECRET_KEY: is set, and so is OTP_SECRET_KEY_FILE; give one of them"


def test_a_secret_file_that_is_no_text_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe\x80")
    environment.delenv("OTP_GATEWAY_KEY")
    environment.setenv("OTP_GATEWAY_KEY_FILE", str(tmp_path / "key"))
    assert problem() == "OTP_GATEWAY_KEY_FILE: cannot be read (not a text file)"


def test_a_secret_file_that_cannot_be_read_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("OTP_GATEWAY_KEY")
    environment.setenv("OTP_GATEWAY_KEY_FILE", str(tmp_path / "missing"))
    assert problem() == "OTP_GATEWAY_KEY_FILE: cannot be read (No such file or directory)"


def test_secrets_are_listed_newest_first_for_rotation(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_SECRET_KEY", f"{SECRET[::-1]} , {SECRET}")
    assert load_settings("web").root_secrets == [SECRET[::-1], SECRET]


def test_codes_can_have_a_secret_of_their_own(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_CODE_KEY", SECRET[::-1])
    settings = load_settings("worker")
    assert (settings.code_secrets, settings.root_secrets) == ([SECRET[::-1]], [SECRET])


def test_an_empty_secret_for_codes_is_none(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_CODE_KEY", "")
    assert load_settings("worker").code_secrets == [SECRET]


@pytest.mark.parametrize(
    ("countries", "said"),
    [
        ("GB,AX", "the mobile numbers of AX are found in FI; give FI instead of AX"),
        ("sj,NO", "the mobile numbers of SJ are found in NO; give NO instead of SJ"),
        ("TA", "TA has no mobile numbers; leave it out"),
    ],
)
def test_a_country_that_no_number_would_be_found_in_is_named_with_the_fix(
    environment: pytest.MonkeyPatch, countries: str, said: str
) -> None:
    environment.setenv("OTP_COUNTRIES", countries)
    assert problem() == f"OTP_COUNTRIES: {said}"


def test_templates_are_taken_by_name(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_TEMPLATES", '{"login": "Acme: {code}"}')
    assert load_settings("worker").policy.templates == {"login": "Acme: {code}"}


def test_templates_that_are_no_json_are_told_their_form(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_TEMPLATES", "Your code is {code}.")
    assert problem() == 'OTP_TEMPLATES: not JSON; give {"default": "Your code is {code}."}'


def test_postgres_is_spoken_to_by_psycopg(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_DATABASE_URL", "postgresql://otp:pass@host/otp")
    assert load_settings("web").database_url == "postgresql+psycopg://otp:pass@host/otp"


def test_a_webhook_needs_its_secret(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_REPLY_WEBHOOK_URL", "https://support.example.com/hook")
    assert problem().startswith("OTP_REPLY_WEBHOOK_SECRET: is not set")


WEBHOOK_KEY = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    "secret", [WEBHOOK_KEY, f"whsec_{WEBHOOK_KEY}", "c2VjcmV0cw==", "whsec_c2VjcmV0cw", "c2VjcmV0cw"]
)
def test_a_webhook_signs_with_the_key_that_its_secret_spells(
    environment: pytest.MonkeyPatch, secret: str
) -> None:
    environment.setenv("OTP_REPLY_WEBHOOK_SECRET", secret)
    kept = load_settings("worker").reply_webhook_secret
    assert kept is not None
    assert kept.get_secret_value() == secret


@pytest.mark.parametrize(
    "secret",
    [
        f"v1,whsec_{WEBHOOK_KEY}",
        "whsec_notbase64!!",
        f"whsec_whsec_{WEBHOOK_KEY}",
        f"'whsec_{WEBHOOK_KEY}'",
        f"whsec_{WEBHOOK_KEY}\n",
        f" whsec_{WEBHOOK_KEY}",
        f"WHSEC_{WEBHOOK_KEY}",
        "whsec_url-safe_base64_",
        "whsec_a",
        f"{WEBHOOK_KEY},{WEBHOOK_KEY}",
        "c2VjcmV0cw\u00e9",
    ],
)
def test_a_webhooks_secret_that_would_sign_with_another_key_stops_the_start(
    environment: pytest.MonkeyPatch, secret: str
) -> None:
    environment.setenv("OTP_REPLY_WEBHOOK_SECRET", secret)
    said = problem()
    assert said.startswith("OTP_REPLY_WEBHOOK_SECRET: not a Standard Webhooks secret; give base64")
    assert WEBHOOK_KEY not in said


@pytest.mark.parametrize("variable", ["OTP_GATEWAY_WEBHOOK_SECRET", "OTP_GATEWAY_KEY"])
@pytest.mark.parametrize("odd", ["v1,whsec_x", " whsec_x", "whsec_x\n", "whsec_\u200bx", "whsec_\tx"])
def test_a_gateways_secret_that_was_copied_with_something_else_stops_the_start(
    environment: pytest.MonkeyPatch, variable: str, odd: str
) -> None:
    environment.setenv(variable, odd)
    said = problem()
    assert said.startswith(f"{variable}: ")
    assert "whsec_x" not in said


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/hook",
        "http://localhost:8080",
        "https://10.1.2.3",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]",
    ],
)
def test_a_webhook_on_the_own_network_must_be_allowed(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("OTP_REPLY_WEBHOOK_URL", url)
    environment.setenv("OTP_REPLY_WEBHOOK_SECRET", "c2VjcmV0")
    assert "OTP_REPLY_WEBHOOK_PRIVATE=true" in problem()
    environment.setenv("OTP_REPLY_WEBHOOK_PRIVATE", "true")
    assert load_settings("worker").reply_webhook_url == url.rstrip("/")


def test_no_secret_is_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_DATABASE_URL", "postgresql://otp:database-pass@host/otp")
    environment.setenv("OTP_BROKER_URL", "redis://:broker-pass@host/0")
    shown = repr(load_settings("worker"))
    for secret in (SECRET, "sk_live_gateway", "the-password", "database-pass", "broker-pass"):
        assert secret not in shown


def test_the_words_of_replies_count_in_every_language_unless_some_are_named(
    environment: pytest.MonkeyPatch,
) -> None:
    assert load_settings("web").reply_languages == frozenset(LANGUAGES)
    environment.setenv("OTP_REPLY_LANGUAGES", "de, FR")
    assert load_settings("web").reply_languages == frozenset({"de", "fr"})
    environment.setenv("OTP_REPLY_LANGUAGES", "de,xx")
    assert problem("web") == "OTP_REPLY_LANGUAGES: give languages of en, de, es, fr, it, nl, pt"


EMAIL = {
    "OTP_SUPPORT_EMAIL": "support@example.com",
    "OTP_SMTP_URL": "smtp+starttls://otp:p%40ss@mail.example.com",
    "OTP_SMTP_FROM": "otp@example.com",
}


def test_support_is_told_by_email_where_all_of_it_is_set(environment: pytest.MonkeyPatch) -> None:
    for name, value in EMAIL.items():
        environment.setenv(name, value)
    channel = channels(load_settings("worker"))["email"]
    assert isinstance(channel, EmailChannel)
    assert channel.server == SmtpServer("smtp+starttls", "mail.example.com", 587, "otp", "p@ss")
    assert "p@ss" not in repr(channel)


@pytest.mark.parametrize("missing", ["OTP_SMTP_URL", "OTP_SMTP_FROM"])
def test_an_email_address_without_its_server_is_named(environment: pytest.MonkeyPatch, missing: str) -> None:
    for name, value in EMAIL.items():
        environment.setenv(name, "" if name == missing else value)
    assert problem() == f"{missing}: is not set, and OTP_SUPPORT_EMAIL needs it"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTP_SUPPORT_EMAIL", "support"),
        ("OTP_SUPPORT_EMAIL", "a@example.com, b@example.com"),
        ("OTP_SMTP_FROM", "otp@example.com\nBcc: all@example.com"),
        ("OTP_SMTP_URL", "http://otp:secret@mail.example.com"),
        ("OTP_SMTP_URL", "smtp://otp:secret@mail.example.com:port"),
        ("OTP_SMTP_URL", "smtp://"),
        ("OTP_SMTP_URL", "smtp://[secret"),
    ],
)
def test_a_malformed_email_setting_is_named_and_not_repeated(
    environment: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    environment.setenv(variable, value)
    assert problem().startswith(f"{variable}: give ")
    assert "secret" not in problem()


def test_reverse_verification_needs_a_number_to_text_to_in_each_country(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("OTP_INBOUND_VERIFICATION", "true")
    assert problem("web").startswith(
        "OTP_INBOUND_VERIFICATION: no SIM that serves GB has a number to text to"
    )
    gateways = tmp_path / "gateways.toml"
    gateways.write_text(
        '[gateways.home]\nkind = "mobile_api_connect"\nkey = "sk_live_home"\n'
        '[[gateways.home.sims]]\nnumber = "+447400123456"\n'
    )
    environment.setenv("OTP_GATEWAYS_FILE", str(gateways))
    assert load_settings("web").inbound_verification
    environment.setenv("OTP_PUBLIC_URL", "")
    assert problem("web").startswith("OTP_INBOUND_VERIFICATION: needs OTP_PUBLIC_URL")
