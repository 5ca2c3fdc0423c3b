"""``otp-worker keys``, as an operator and a script use it."""

import json
import re

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app


@pytest.fixture
def command(database_url: str) -> CliRunner:
    return CliRunner()


def listed(command: CliRunner) -> list[dict[str, object]]:
    keys: list[dict[str, object]] = json.loads(command.invoke(app, ["keys", "list", "--json"]).stdout)
    return keys


def test_a_key_is_printed_alone_and_listed_with_what_it_is_for(command: CliRunner) -> None:
    made = command.invoke(app, ["keys", "create", "--name", "shop", "--scope", "send", "--scope", "check"])
    (key,) = listed(command)
    assert made.stdout.startswith("otp_live_")
    assert made.stdout.count("\n") == 1
    assert (key["name"], key["test"], key["scopes"], key["revoked_at"]) == (
        "shop",
        False,
        ["check", "send"],
        None,
    )
    assert "check send" in command.invoke(app, ["keys", "list"], env={"COLUMNS": "200"}).stdout


def test_a_key_is_for_everything_unless_it_is_said(command: CliRunner) -> None:
    command.invoke(app, ["keys", "create", "--name", "shop"])
    assert listed(command)[0]["scopes"] == ["check", "read", "send"]


def test_a_rotated_key_is_for_the_same_and_the_old_one_has_its_end(command: CliRunner) -> None:
    command.invoke(app, ["keys", "create", "--name", "shop", "--scope", "send"])
    old = listed(command)[0]["id"]
    new = command.invoke(app, ["keys", "rotate", str(old), "--overlap-hours", "1"])
    assert new.stdout.startswith("otp_live_")
    keys = {key["id"]: key for key in listed(command)}
    assert keys[old]["revoked_at"] is not None
    assert [key["scopes"] for key in keys.values()] == [["send"], ["send"]]


def test_a_key_can_have_limits_of_its_own_and_its_successor_has_them_too(command: CliRunner) -> None:
    limits = ["--limit", "500/h, 2000/d", "--checks-limit", ""]
    command.invoke(app, ["keys", "create", "--name", "shop", *limits])
    (old,) = listed(command)
    assert (old["limit"], old["checks_limit"]) == ("500/h,2000/d", "")
    command.invoke(app, ["keys", "rotate", str(old["id"])])
    assert [(key["limit"], key["checks_limit"]) for key in listed(command)] == [("500/h,2000/d", "")] * 2
    table = command.invoke(app, ["keys", "list"], env={"COLUMNS": "200"}).stdout
    assert table.count("500/h,2000/d") == table.count("none") == 2


def test_a_key_has_the_operators_limits_unless_it_is_said(command: CliRunner) -> None:
    command.invoke(app, ["keys", "create", "--name", "shop"])
    assert (listed(command)[0]["limit"], listed(command)[0]["checks_limit"]) == (None, None)
    table = command.invoke(app, ["keys", "list"], env={"COLUMNS": "200"}).stdout
    assert table.count("default") == 2


@pytest.mark.parametrize("option", ["--limit", "--checks-limit"])
def test_a_limit_that_is_no_rates_is_named_with_the_fix_and_no_key_is_made(
    command: CliRunner, option: str
) -> None:
    done = command.invoke(app, ["keys", "create", "--name", "shop", option, "5 per hour"])
    assert str(done.exception) == f"{option}: give rates such as 1/30s,5/10m,10/h, or nothing for no limit"
    assert (done.exit_code, done.stdout, listed(command)) == (1, "", [])


def test_a_limit_whose_sends_are_purged_before_its_window_ends_is_refused_and_no_key_is_made(
    command: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTP_RETENTION_DAYS", "6")
    done = command.invoke(app, ["keys", "create", "--name", "shop", "--limit", "5/h,30/7d"])
    assert str(done.exception) == "--limit: its window of 7 d is longer than OTP_RETENTION_DAYS"
    assert (done.exit_code, done.stdout, listed(command)) == (1, "", [])
    monkeypatch.setenv("OTP_RETENTION_DAYS", "7")
    assert command.invoke(app, ["keys", "create", "--name", "shop", "--limit", "5/h,30/7d"]).exit_code == 0


def test_a_limit_on_checks_may_be_longer_because_no_row_counts_them(
    command: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTP_RETENTION_DAYS", "6")
    done = command.invoke(app, ["keys", "create", "--name", "shop", "--checks-limit", "5/7d"])
    assert done.exit_code == 0
    assert listed(command)[0]["checks_limit"] == "5/7d"


def test_a_key_can_be_rotated_whatever_its_limit_became(
    command: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.invoke(app, ["keys", "create", "--name", "shop", "--limit", "30/7d"])
    monkeypatch.setenv("OTP_RETENTION_DAYS", "6")
    assert command.invoke(app, ["keys", "rotate", str(listed(command)[0]["id"])]).exit_code == 0
    assert [key["limit"] for key in listed(command)] == ["30/7d", "30/7d"]


PAIR = re.compile(
    r"TWILIO_ACCOUNT_SID=(AC[0-9a-f]{32})\nTWILIO_AUTH_TOKEN=([A-Za-z0-9]{38})\n"
    r"TWILIO_VERIFY_SERVICE_SID=(VA[0-9a-f]{32})\n"
)


def test_a_pair_for_twilios_clients_is_printed_as_their_variables(command: CliRunner) -> None:
    made = PAIR.fullmatch(command.invoke(app, ["keys", "create", "--name", "shop", "--twilio"]).stdout)
    assert made is not None
    (key,) = listed(command)
    assert (key["name"], key["scopes"]) == ("shop", ["check", "read", "send"])
    assert key["hint"] == f"{made[1][:13]}…{made[2][-4:]}"
    assert made[2] not in str(key)


def test_a_pair_is_told_to_scripts_by_its_parts(command: CliRunner) -> None:
    made = json.loads(command.invoke(app, ["keys", "create", "--name", "shop", "--twilio", "--json"]).stdout)
    assert made.keys() == {"name", "test", "account_sid", "auth_token", "verify_service_sid"}


def test_a_rotated_pair_is_a_pair_of_the_same_account_and_service(command: CliRunner) -> None:
    for mode in ([], ["--test"]):
        made = command.invoke(app, ["keys", "create", "--name", "shop", "--twilio", *mode]).stdout
        old = str(listed(command)[0]["id"])
        first, second = (
            PAIR.fullmatch(made),
            PAIR.fullmatch(command.invoke(app, ["keys", "rotate", old]).stdout),
        )
        assert first is not None
        assert second is not None
        assert (first[1], first[3]) == (second[1], second[3])
        assert first[2] != second[2]
    assert len({str(key["hint"])[:13] for key in listed(command)}) == 2


@pytest.mark.parametrize("verb", ["rotate", "revoke"])
def test_a_key_that_is_not_there_is_named(command: CliRunner, verb: str) -> None:
    done = command.invoke(app, ["keys", verb, "key_unknown"])
    assert done.exit_code == 1
    assert str(done.exception) == "there is no valid key key_unknown"
