"""Settings of what is sent and said: countries, templates, words, webhooks and mail."""

import os
import subprocess
import sys
from datetime import time
from pathlib import Path

import pytest

from otp_worker.domain.quiet_hours import QuietHours
from otp_worker.domain.reply import REPLY_LANGUAGES
from otp_worker.gateways.smtp.server import SmtpServer
from otp_worker.operations.email import EmailChannel
from otp_worker.service.roles import load_settings
from otp_worker.service.worker_wiring import channels
from tests.unit.service.environments import problem

pytestmark = pytest.mark.usefixtures("environment")


def test_an_empty_public_url_is_a_decision(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_PUBLIC_URL", "")
    assert load_settings("web").public_url == ""


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


def test_the_words_of_replies_count_in_every_language_unless_some_are_named(
    environment: pytest.MonkeyPatch,
) -> None:
    assert load_settings("web").reply_languages == frozenset(REPLY_LANGUAGES)
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


def test_an_entry_page_needs_an_address(environment: pytest.MonkeyPatch) -> None:
    assert not load_settings("web").entry_page
    environment.setenv("OTP_ENTRY_PAGE", "true")
    assert load_settings("web").entry_page
    environment.setenv("OTP_PUBLIC_URL", "")
    assert problem("web") == "OTP_ENTRY_PAGE: needs OTP_PUBLIC_URL, where people open the page"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OTP_LOCALE", "xx", "OTP_LOCALE: there is no text in 'xx'"),
        ("OTP_LOCALE", "german", "OTP_LOCALE: is not a language tag such as de-AT, nor a list of them"),
        ("OTP_LOCALE", "de,fr", "OTP_LOCALE: give one language tag, such as de-AT"),
        ("OTP_LOCALES_DIR", "/nonexistent", "OTP_LOCALES_DIR: /nonexistent is no folder"),
    ],
)
def test_a_language_that_cannot_be_written_stops_the_start(
    environment: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    environment.setenv(variable, value)
    assert problem() == said


def test_quiet_hours_are_two_times_of_day_or_none(environment: pytest.MonkeyPatch) -> None:
    assert load_settings("worker").policy.quiet_hours is None
    environment.setenv("OTP_QUIET_HOURS", "")
    assert load_settings("web").policy.quiet_hours is None
    environment.setenv("OTP_QUIET_HOURS", "21:00-08:00")
    assert load_settings("web").policy.quiet_hours == QuietHours(time(21), time(8))
    environment.setenv("OTP_QUIET_HOURS", "21-8")
    assert problem("web") == "OTP_QUIET_HOURS: give two different times of day, such as 21:00-08:00"


def test_who_writes_no_text_imports_nothing_for_it() -> None:
    """Seven processes read the settings: what three of them need costs the others 20 MB and 0.2 s each."""
    program = (
        "import os, sys; from otp_worker.service.roles import load_settings; load_settings('beat');"
        "sys.exit(not {'babel', 'fluent'}.isdisjoint(sys.modules))"
    )
    environment = os.environ | {"OTP_BROKER_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False, timeout=60)
    assert done.returncode == 0
