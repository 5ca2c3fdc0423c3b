"""``otp-worker webhooks``, as an operator and a script use it."""

import json
from typing import Any

import pytest
from standardwebhooks import Webhook
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.domain.errors import RequestError
from tests.contract.gateways.stub import Stub, answer

URL = "https://shop.example/otp-events"


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("OTP_SECRET_KEY", "a root secret of the tests that is long enough")
    return CliRunner()


def run(command: CliRunner, *arguments: str) -> Any:
    """What a command prints with --json."""
    done = command.invoke(app, ["webhooks", *arguments, "--json"])
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


@pytest.fixture
def endpoint(command: CliRunner) -> str:
    """The id of an endpoint."""
    command.invoke(app, ["apps", "create", "shop"])
    return str(run(command, "add", "shop", URL)["endpoint"]["id"])


def test_an_endpoint_is_added_seen_changed_and_removed(command: CliRunner, endpoint: str) -> None:
    chosen = run(command, "add", "shop", f"{URL}/2", "--event", "verification.approved", "--test")
    assert chosen["endpoint"]["app"] == "test:shop"
    assert chosen["endpoint"]["events"] == ["verification.approved"]
    assert [each["id"] for each in run(command)] == [endpoint, chosen["endpoint"]["id"]]
    assert run(command, "list") == run(command)
    rotated = run(command, "rotate", endpoint, "--overlap-seconds", "60")
    assert rotated["secret"].startswith("whsec_")
    disabled = run(command, "disable", endpoint)
    assert disabled["disabled_reason"] == "it was disabled by hand"
    shown = command.invoke(app, ["webhooks"], env={"COLUMNS": "200"}).stdout
    assert "disabled: it was disabled by hand" in shown
    assert run(command, "enable", endpoint)["disabled_at"] is None
    assert run(command, "remove", endpoint)["id"] == endpoint
    assert len(run(command, "list")) == 1


def test_without_the_root_secret_its_variable_is_named(
    command: CliRunner, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTP_SECRET_KEY")
    refused = command.invoke(app, ["webhooks"])
    assert "OTP_SECRET_KEY" in str(refused.exception)


def test_a_secret_stands_alone_on_stdout(command: CliRunner, endpoint: str) -> None:
    made = command.invoke(app, ["webhooks", "rotate", endpoint])
    assert made.stdout.strip().startswith("whsec_")
    assert len(made.stdout.split()) == 1
    assert endpoint in made.stderr


def test_a_test_is_posted_at_once_and_signed(
    command: CliRunner, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTP_ENDPOINTS_PRIVATE", "true")
    with Stub() as listening:
        made = run(command, "add", "shop", listening.url)
        listening.answers += [answer(204, None), answer(500, {})]
        told = run(command, "test", made["endpoint"]["id"])
        assert (told["answer"], told["taken"]) == ("204", True)
        failed = command.invoke(app, ["webhooks", "test", made["endpoint"]["id"]])
        assert failed.exit_code == 1
        assert "answers 500: it was not taken" in failed.stdout
        head, _, body = listening.requests[0].decode().partition("\r\n\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:])
    # A header's name has no case, and a signature has.
    signature = next(line for line in head.splitlines() if line.lower().startswith("webhook-signature"))
    headers["webhook-signature"] = signature.split(": ", 1)[1]
    headers["webhook-id"] = told["event"]
    assert Webhook(made["secret"]).verify(body, headers)["type"] == "endpoint.test"


def test_nothing_is_posted_to_a_private_address_unless_it_is_allowed(
    command: CliRunner, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stub() as inside:
        monkeypatch.setenv("OTP_ENDPOINTS_PRIVATE", "true")
        made = run(command, "add", "shop", inside.url)
        monkeypatch.setenv("OTP_ENDPOINTS_PRIVATE", "false")
        refused = command.invoke(app, ["webhooks", "test", made["endpoint"]["id"]])
        assert refused.exit_code == 1
        assert "gives no answer: it was not taken" in refused.stdout
        assert inside.requests == []


def test_what_was_missed_is_asked_for_by_an_instant_or_a_time_ago(command: CliRunner, endpoint: str) -> None:
    since = run(command, "replay", endpoint, "2026-03-01T13:00:00+01:00")["replay_since"]
    assert since == "2026-03-01T12:00:00+00:00"
    assert run(command, "replay", endpoint, "2h")["replay_since"] is not None
    for wrong in ("yesterday", "2026-03-01T12:00:00", "2w", "99999999d"):
        refused = command.invoke(app, ["webhooks", "replay", endpoint, wrong])
        assert isinstance(refused.exception, RequestError)
        assert "give an instant" in str(refused.exception)


def test_an_endpoint_or_event_that_there_is_not_is_said_so(command: CliRunner, endpoint: str) -> None:
    assert run(command, "events", endpoint) == []
    for arguments in (["events", "ep_1"], ["send", endpoint, "evt_1"], ["test", "ep_1"]):
        refused = command.invoke(app, ["webhooks", *arguments])
        assert "there is no such" in str(refused.exception)
