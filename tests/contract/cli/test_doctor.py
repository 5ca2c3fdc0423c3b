"""What the doctor finds: about the limits, and about what does not work just now."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.cli.doctor import examine
from otp_worker.cli.finding import Finding, Verdict, summarize
from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.domain.gateway import PhoneState
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store.apps import insert_app
from otp_worker.store.database import Database
from tests.contract.service import ACCEPTED, START, fail_gateway


def limits() -> list[Finding]:
    return [finding for finding in examine() if finding.name == "limits"]


def test_a_redis_that_counts_is_ok(environment: pytest.MonkeyPatch, redis_server: EmbeddedBroker) -> None:
    environment.setenv("OTP_REDIS_URL", redis_server.url)
    assert limits() == [Finding("limits", Verdict.OK, "are counted in Redis")]


def test_a_redis_that_does_not_answer_is_to_be_fixed_and_it_is_said_who_counts(
    environment: pytest.MonkeyPatch,
) -> None:
    (found,) = limits()
    assert found.verdict is Verdict.FIX
    assert "the database counts" in found.detail


def test_an_app_that_a_changed_template_has_no_room_for_is_named(
    environment: pytest.MonkeyPatch,
) -> None:
    database = Database(os.environ["OTP_DATABASE_URL"])
    with closing(database):
        insert_app(database, "shop", {"web_origin": "https://shop.example"}, START)
        insert_app(database, "bank", {}, START)
    assert [each for each in examine() if each.name == "texts"] == []
    environment.setenv("OTP_TEMPLATES", json.dumps({"default": f"{{code}} {'x' * 145}"}))
    (found,) = [each for each in examine() if each.name == "texts"]
    assert found.verdict is Verdict.FIX
    assert found.detail.startswith("the app shop: the operator's template 'default' has no room for it in ")


def test_a_mail_server_of_codes_that_does_not_answer_is_named_with_its_variable(
    environment: pytest.MonkeyPatch,
) -> None:
    (nowhere,) = free_ports(None)
    environment.setenv("OTP_EMAIL_CODES", "true")
    environment.setenv("OTP_SMTP_URL", f"smtp+starttls://otp:a-password@{LOOPBACK}:{nowhere}")
    environment.setenv("OTP_SMTP_FROM", "otp@example.com")
    (found,) = [each for each in examine() if each.detail.startswith("email: ")]
    assert (found.name, found.verdict) == ("gateway", Verdict.LOOK)
    assert found.detail == (
        "email: the mail server cannot be reached (ConnectionRefusedError): check OTP_SMTP_URL"
    )


def test_without_redis_the_database_counts(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_REDIS_URL", "")
    (found,) = limits()
    assert (found.verdict, "counted in the database" in found.detail) == (Verdict.OK, True)


def test_a_limit_that_is_off_is_to_be_looked_at_and_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_REDIS_URL", "")
    environment.setenv("OTP_LIMIT_TOTAL", "")
    assert limits()[0] == Finding("limits", Verdict.LOOK, "turned off: OTP_LIMIT_TOTAL", chosen=True)


def test_a_keys_limit_that_the_retention_no_longer_covers_is_to_be_fixed(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("OTP_REDIS_URL", "")
    with closing(Database(f"sqlite:///{tmp_path}/otp.db")) as database:
        keys = ApiKeys(database)
        for limit in ("30/7d", "30/d", None):
            keys.create("shop", START, limit=limit)
        keys.create("former", START, limit="30/31d")
        (former,) = [key for key in keys.list() if key.name == "former"]
        keys.revoke(former.id, START)
    environment.setenv("OTP_RETENTION_DAYS", "7")
    assert [finding.verdict for finding in limits()] == [Verdict.OK]
    environment.setenv("OTP_RETENTION_DAYS", "6")
    forgotten, _ = limits()
    assert forgotten.verdict is Verdict.FIX
    assert "30/7d: longer than OTP_RETENTION_DAYS=6" in forgotten.detail


def test_an_app_whose_sends_are_purged_before_they_are_counted_is_to_be_fixed(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("OTP_RETENTION_DAYS", "6")
    with closing(Database(os.environ["OTP_DATABASE_URL"])) as database:
        insert_app(database, "shop", {"limit": "5/7d"}, START)
        insert_app(database, "bank", {"buckets": {"device": "5/7d"}}, START)
        insert_app(database, "club", {"limit": "5/6d", "buckets": {"device": "5/6d"}}, START)
    found = [each for each in limits() if "the app" in each.detail]
    assert {each.verdict for each in found} == {Verdict.FIX}
    bank, shop = (each.detail for each in found)
    assert "shop has 5/7d: longer than OTP_RETENTION_DAYS=6" in shop
    assert "bank has device=5/7d: longer than OTP_RETENTION_DAYS=6" in bank


def test_a_service_of_which_nothing_runs_is_not_ok(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTP_REDIS_URL", "")
    found = {finding.name: finding.verdict for finding in examine()}
    assert found["workers"] is found["sweep"] is found["broker"] is Verdict.FIX
    assert found["database"] is Verdict.OK


def test_workers_of_an_older_version_are_to_be_looked_at_and_never_ok(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They report to nobody, and nobody knows of a worker that does not run what it would have reported."""
    environment.setenv("OTP_REDIS_URL", "")
    environment.setattr("otp_worker.store.older_versions.OlderVersions.may_run", lambda _: True)
    (found,) = [finding for finding in examine() if finding.name == "workers"]
    assert (found.verdict, found.fails) == (Verdict.LOOK, True)
    assert (
        found.detail
        == "none has run: start worker, unless those of an older version run, which do not report"
    )


@pytest.mark.parametrize(
    ("verdicts", "summary", "fails"),
    [
        ({"broker": Verdict.OK, "phone": Verdict.OK}, "ok: all is well", False),
        ({"broker": Verdict.OK, "phone": Verdict.LOOK}, "look: phone", True),
        (
            {"broker": Verdict.FIX, "phone": Verdict.LOOK, "sweep": Verdict.FIX},
            "fix: broker, sweep; look: phone",
            True,
        ),
    ],
)
def test_the_summary_says_what_is_to_be_done_and_how_bad_it_is(
    verdicts: dict[str, Verdict], summary: str, fails: bool
) -> None:
    found = summarize([Finding(name, verdict, "as it is") for name, verdict in verdicts.items()])
    assert (found.name, found.detail, found.fails) == ("summary", summary, fails)


def test_the_summary_names_what_the_operator_chose_and_fails_nothing_for_it() -> None:
    chosen = Finding("limits", Verdict.LOOK, "turned off: OTP_LIMIT_TOTAL", chosen=True)
    found = summarize([Finding("broker", Verdict.OK, "answers"), chosen])
    assert (found.verdict, found.detail, found.fails) == (Verdict.LOOK, "look: limits", False)
    assert not summarize([chosen, chosen]).detail.endswith("limits, limits")


def test_the_summary_is_the_first_line_and_the_first_of_the_findings_in_json(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("OTP_REDIS_URL", "")
    said = CliRunner().invoke(app, ["doctor"])
    told = CliRunner().invoke(app, ["doctor", "--json"])
    assert (said.exit_code, told.exit_code) == (1, 1)
    first, *others = json.loads(told.stdout)
    assert said.stdout.splitlines()[0] == first["detail"]
    assert first["name"] == "summary"
    assert first["verdict"] == "fix"
    assert first["detail"].startswith("fix: broker, sweep, workers")
    assert {each["name"] for each in others} > {"configuration", "broker", "workers"}


def test_a_phone_that_is_offline_is_to_be_looked_at_and_fails_the_doctor(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("OTP_REDIS_URL", "")
    with closing(Database(f"sqlite:///{tmp_path}/otp.db")) as database:
        for _ in range(FAILURES_TO_OPEN):
            fail_gateway(database, "mobile_api_connect", START, "no paired phone is online")
    found = {finding.name: finding for finding in examine()}
    assert (found["phone"].verdict, found["phone"].fails) == (Verdict.LOOK, True)
    assert "no paired phone is online" in found["phone"].detail


def test_what_the_operator_chose_is_to_be_looked_at_and_fails_nothing(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("OTP_LIMIT_TOTAL", "")
    assert [finding.fails for finding in examine() if "OTP_LIMIT_TOTAL" in finding.detail] == [False]


def test_a_gateway_whose_phone_is_offline_is_to_be_looked_at(environment: pytest.MonkeyPatch) -> None:
    environment.setattr("otp_worker.gateways.mobile_api_connect.MobileApiConnect.probe", lambda _: ACCEPTED)
    environment.setattr(
        "otp_worker.gateways.mobile_api_connect.MobileApiConnect.phone_state",
        lambda _: PhoneState(online=False),
    )
    (found,) = [finding for finding in examine() if finding.detail.startswith("mobile_api_connect: ")]
    assert (found.name, found.verdict, found.fails) == ("gateway", Verdict.LOOK, True)


def test_a_database_that_takes_no_rows_is_to_be_fixed(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setattr("otp_worker.store.sweeps.record_sweep", _full)
    found = {finding.name: finding for finding in examine()}
    assert found["database"].verdict is Verdict.FIX
    assert "its disk is full" in found["database"].detail


def _full(*_: object) -> None:
    raise OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))
