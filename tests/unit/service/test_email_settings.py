"""Settings of codes that go by e-mail."""

from pathlib import Path

import pytest

from otp_worker.service.roles import load_settings
from tests.unit.service.environments import problem
from tests.unit.service.test_message_settings import EMAIL

pytestmark = pytest.mark.usefixtures("environment")


def set_up(environment: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in ({"OTP_EMAIL_CODES": "true"} | EMAIL | {"OTP_SUPPORT_EMAIL": ""} | more).items():
        environment.setenv(name, value)


def test_codes_by_email_have_a_gateway_of_their_own_that_no_number_goes_by(
    environment: pytest.MonkeyPatch,
) -> None:
    set_up(environment)
    sims = load_settings("worker").sims
    (mail,) = sims.serving("mail")
    assert (mail.name, mail.gateway) == ("email", "email")
    assert mail not in sims.serving("GB")
    assert "p@ss" not in repr(sims)


@pytest.mark.parametrize("missing", ["OTP_SMTP_URL", "OTP_SMTP_FROM"])
def test_codes_by_email_without_their_server_are_named(environment: pytest.MonkeyPatch, missing: str) -> None:
    set_up(environment, **{missing: ""})
    assert problem() == f"{missing}: is not set, and OTP_EMAIL_CODES needs it"


def test_codes_do_not_go_in_clear_text_to_another_machine(environment: pytest.MonkeyPatch) -> None:
    set_up(environment, OTP_SMTP_URL="smtp://otp:secret@mail.example.com")
    assert problem().startswith("OTP_EMAIL_CODES: OTP_SMTP_URL must be smtp+starttls:// or smtps://")
    assert "secret" not in problem()
    set_up(environment, OTP_SMTP_URL="smtp://127.0.0.1")
    assert load_settings("worker").email_codes


def test_no_gateway_of_sms_may_have_its_name(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "gateways.toml"
    file.write_text(
        '[gateways.email]\nkind = "httpsms"\nkey = "k"\nsender = "+447400123456"\n[[gateways.email.sims]]\n'
    )
    set_up(environment, OTP_GATEWAYS_FILE=str(file))
    assert problem().startswith("OTP_EMAIL_CODES: a gateway or a SIM in OTP_GATEWAYS_FILE is called email")
