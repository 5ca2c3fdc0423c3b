"""What the doctor finds about endpoints, Twilio's shape and hooks."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from otp_worker.cli.doctor import examine
from otp_worker.cli.finding import Finding, Verdict
from otp_worker.domain.endpoint import GONE
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.ports import utc_now
from otp_worker.operations.endpoints import Endpoints
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.store.database import Database
from otp_worker.store.endpoints import disable
from otp_worker.store.schema import endpoints as table
from tests.contract.service import START


def test_an_endpoint_that_is_told_of_nothing_is_to_be_looked_at(environment: pytest.MonkeyPatch) -> None:
    db = Database(os.environ["OTP_DATABASE_URL"])
    ApiKeys(db).create("shop", START)
    endpoints = Endpoints(db, Keyring([os.environ["OTP_SECRET_KEY"]]), utc_now)
    urls = [f"https://shop.example/{number}" for number in range(4)]
    well, failing, gone, off = [endpoints.create("shop", url).endpoint for url in urls]
    with db.write() as connection:
        connection.execute(update(table).where(table.c.id == failing.id).values(failing_since=START))
        disable(connection, gone.id, GONE, START)
    endpoints.change("shop", off.id, {"disabled": True})
    found = {each.detail.split()[0]: each for each in examine() if each.name == "events"}
    assert found.keys() == {failing.id, gone.id, off.id}
    assert "took nothing since 2026-03-01 12:00Z" in found[failing.id].detail
    assert "the endpoint answered 410" in found[gone.id].detail
    assert [found[each.id].fails for each in (failing, gone, off)] == [True, True, False]
    other = Endpoints(db, Keyring(["another root secret, long enough for it"]), utc_now)
    other.rotate("shop", well.id)
    unreadable = [each.verdict for each in examine() if f"secret of {well.id}" in each.detail]
    assert unreadable == [Verdict.FIX]
    db.close()


def test_twilios_shape_is_told_of_where_it_is_on_with_the_apps_that_have_a_pair(
    environment: pytest.MonkeyPatch,
) -> None:
    def found() -> list[Finding]:
        return [finding for finding in examine() if finding.name == "twilio"]

    assert found() == []
    environment.setenv("OTP_TWILIO", "on")
    (nobody,) = found()
    assert (nobody.verdict, nobody.chosen) == (Verdict.LOOK, True)
    with closing(Database(os.environ["OTP_DATABASE_URL"])) as db:
        ApiKeys(db).create("bank", START)
        ApiKeys(db).create("shop", START, pair=True)
    assert found() == [Finding("twilio", Verdict.OK, "Twilio's shape is on for shop")]


HOOK = """
[hooks.kratos]
app = "shop"
secrets = ["otp:a-secret-of-the-tests-0123456789"]
"""


def hooks(environment: pytest.MonkeyPatch, tmp_path: Path, text: str) -> list[Finding]:
    path = tmp_path / "hooks.toml"
    path.write_text(text)
    environment.setenv("OTP_HOOKS_FILE", str(path))
    return [finding for finding in examine() if finding.name == "hook"]


def test_each_hook_is_named_with_the_url_for_its_system(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("OTP_PUBLIC_URL", "https://otp.example.com")
    said = "kratos: POST https://otp.example.com/v1/hooks/kratos, basic with 1 secret, for the app shop"
    assert hooks(environment, tmp_path, HOOK) == [Finding("hook", Verdict.OK, said)]


def test_a_hook_without_tls_is_to_be_looked_at(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("OTP_PUBLIC_URL", "http://otp.example.com")
    (found,) = hooks(environment, tmp_path, HOOK)
    assert (found.verdict, found.chosen, "not https" in found.detail) == (Verdict.LOOK, True, True)


def test_a_bad_hooks_file_is_to_be_fixed_and_shows_no_secret(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (found,) = hooks(environment, tmp_path, HOOK + "colour = 1")
    assert found.verdict is Verdict.FIX
    assert "line 5: hooks.kratos.colour" in found.detail
    assert "a-secret" not in found.detail


def test_hooks_that_an_older_worker_could_not_serve_are_to_be_fixed(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "otp.db")) as connection, connection:
        connection.execute("UPDATE counters SET value = 0 WHERE name = 'code_derivation'")
    environment.setenv("OTP_PUBLIC_URL", "https://otp.example.com")
    *_, found = hooks(environment, tmp_path, HOOK)
    assert (found.verdict, "OTP_OLDEST_VERSION" in found.detail) == (Verdict.FIX, True)
