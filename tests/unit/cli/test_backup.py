"""``otp-worker backup, restore, move``, as an operator and a script use them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.domain.errors import ConfigurationError
from otp_worker.store.backup_error import BackupError
from otp_worker.store.schema_state import newest_version

POSTGRES = "postgresql://otp:secret@127.0.0.1:1/otp"


def test_a_backup_is_made_and_restored(database_url: str, tmp_path: Path) -> None:
    file = str(tmp_path / "backup.db")
    made = CliRunner().invoke(app, ["backup", file, "--json"])
    assert json.loads(made.stdout).keys() == {"file", "bytes", "schema", "made_at"}
    restored = CliRunner().invoke(app, ["restore", file, "--replace", "--json"])
    told = json.loads(restored.stdout)
    assert told["ended"] == {"verifications": 0, "deliveries": 0}
    assert (told["schema"], Path(told["kept"]).exists()) == (newest_version(), True)


def test_people_are_told_what_a_restore_forgets(database_url: str, tmp_path: Path) -> None:
    file = str(tmp_path / "backup.db")
    assert "is made and sound" in CliRunner().invoke(app, ["backup", file]).stdout
    told = CliRunner().invoke(app, ["restore", file, "--replace"]).stdout
    assert "0 verifications canceled, 0 SMS not sent any more" in told
    assert "forgotten is what came in since: STOPs" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["backup", "/tmp/otp.dump"], "pg_dump --format=custom"),
        (["restore", "/tmp/otp.dump"], "pg_restore; then run: otp-worker restore"),
        (["move", "--to", POSTGRES], "OTP_DATABASE_URL: is not an SQLite database"),
    ],
)
def test_over_postgres_its_own_programs_are_named(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setenv("OTP_DATABASE_URL", POSTGRES)
    with pytest.raises((BackupError, ConfigurationError), match=said):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["restore"], "FILE: give the backup"),
        (["move", "--to", "mysql://h/otp"], "--to: only sqlite:// and postgresql://"),
        (["move", "--to", "sqlite:////tmp/other.db"], "--to: is not a Postgres database"),
    ],
)
def test_what_is_not_told_or_not_to_be_had_is_refused(
    database_url: str, arguments: list[str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
