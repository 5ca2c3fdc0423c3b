"""deploy/README.md documents each variable of the service once, and none that does not exist."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from pydantic import AliasChoices
from typer.main import get_command

from otp_worker.cli.serve import console, web
from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "deploy" / "README.md").read_text()
FIRST_CELL = re.compile(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", re.MULTILINE)


def variables_of_the_settings() -> set[str]:
    aliases = {name: field.validation_alias for name, field in Settings.model_fields.items()}
    return {
        str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"OTP_{name.upper()}"
        for name, alias in aliases.items()
    }


def variables_of_the_processes() -> set[str]:
    in_the_procfile = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "Procfile").read_text()))
    servers = [get_command(web), get_command(console)]
    return in_the_procfile | {str(each.envvar) for server in servers for each in server.params if each.envvar}


def is_read_from_a_file(variable: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    with monkeypatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("OTP_")]:
            patched.delenv(name)
        patched.setenv(f"{variable}_FILE", "/nowhere/secret")
        try:
            Settings()
        except ConfigurationError as error:
            return str(error).startswith(f"{variable}_FILE: cannot be read")
    return False


def test_every_variable_that_is_read_has_one_row() -> None:
    rows = Counter(name for cell in FIRST_CELL.findall(DOCUMENT) for name in re.findall(r"[A-Z_]+", cell))
    assert rows == Counter(variables_of_the_settings() | variables_of_the_processes())


def test_no_other_variable_is_named() -> None:
    named = set(re.findall(r"\bOTP_\w*", DOCUMENT))
    assert named <= variables_of_the_settings() | variables_of_the_processes()


def test_exactly_the_secrets_that_can_be_in_a_file_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    (sentence,) = re.findall(r"These have a file: ([^.]*)\.", DOCUMENT)
    in_files = {name for name in variables_of_the_settings() if is_read_from_a_file(name, monkeypatch)}
    assert set(re.findall(r"OTP_\w+", sentence)) == in_files
