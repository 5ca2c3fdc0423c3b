"""Secrets in the environment or in files, newest first, and what stops the start."""

from pathlib import Path

import pytest

from otp_worker.domain.sealing import Unsealer
from otp_worker.service.roles import load_settings
from otp_worker.service.wiring import seal_keys
from tests.unit.service.environments import SECRET, problem

pytestmark = pytest.mark.usefixtures("environment")


def test_a_secret_can_be_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk_live_from_a_file\n")
    environment.delenv("OTP_GATEWAY_KEY")
    environment.setenv("OTP_GATEWAY_KEY_FILE", str(tmp_path / "key"))
    key = load_settings("worker").gateway_key
    assert key is not None
    assert key.get_secret_value() == "sk_live_from_a_file"


@pytest.mark.parametrize(
    "variable", ["OTP_DATABASE_URL", "OTP_BROKER_URL", "OTP_SECRET_KEY", "OTP_CODE_KEY", "OTP_FLOWER_AUTH"]
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


def test_web_seals_with_the_key_that_is_named_and_else_with_that_of_its_secrets(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("OTP_CODE_KEY", SECRET[::-1])
    [of_the_workers] = seal_keys(load_settings("worker"))
    environment.delenv("OTP_CODE_KEY")
    assert seal_keys(load_settings("web")) == Unsealer([SECRET]).public_keys
    environment.setenv("OTP_SEAL_PUBLIC_KEY", str(of_the_workers))
    assert seal_keys(load_settings("web")) == [of_the_workers]
    environment.setenv("OTP_SEAL_PUBLIC_KEY", "")
    assert seal_keys(load_settings("web")) == Unsealer([SECRET]).public_keys


def test_a_seal_key_that_is_none_stops_the_start(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_SEAL_PUBLIC_KEY", "AAAA")
    assert problem() == "OTP_SEAL_PUBLIC_KEY: not a public key; give what otp-worker seal-key prints"


@pytest.mark.parametrize("variable", ["OTP_GATEWAY_WEBHOOK_SECRET", "OTP_GATEWAY_KEY"])
@pytest.mark.parametrize("odd", ["v1,whsec_x", " whsec_x", "whsec_x\n", "whsec_\u200bx", "whsec_\tx"])
def test_a_gateways_secret_that_was_copied_with_something_else_stops_the_start(
    environment: pytest.MonkeyPatch, variable: str, odd: str
) -> None:
    environment.setenv(variable, odd)
    said = problem()
    assert said.startswith(f"{variable}: ")
    assert "whsec_x" not in said
