"""What an app is told of the operator's limits."""

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from falcon import App

from otp_worker.domain.limits import OF_THE_OPERATOR, Limit, parse_rates
from otp_worker.service.settings import Settings
from otp_worker.store.database import Database
from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER

README = Path(__file__).parents[2] / "deploy" / "README.md"
LIMITS = {Limit.NUMBER: parse_rates("1/30s,3/10m"), Limit.CHECKS_KEY: parse_rates("2/m")}


@pytest.fixture
def service(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Service]:
    """The service with some limits."""
    path = shutil.copy(migrated_sqlite, tmp_path / "otp.db")
    with closing(Database(f"sqlite:///{path}")) as db:
        yield Service(db, LIMITS)


def test_an_accepted_send_says_what_is_left(shop: Caller) -> None:
    assert shop.send().json["limits"] == [
        {"limit": "number", "window_seconds": 30, "left": 0, "bucket": None},
        {"limit": "number", "window_seconds": 600, "left": 2, "bucket": None},
    ]


def test_a_refused_send_says_which_limit_and_when(shop: Caller, service: Service) -> None:
    shop.sent()
    service.clock.move(9.5)
    answer = shop.send(new=True)
    assert problem(answer) == (429, "limit_reached")
    assert answer.json["limit"] == "number"
    assert answer.headers["Retry-After"] == "21"
    assert "1 in 30 s" in answer.json["detail"]
    assert "again from 12:00:30Z" in answer.json["detail"]
    assert service.count("verifications") == 1


@pytest.mark.parametrize(
    "spelling",
    ["+44 7400 123456", "0044 7400 123456", "07400 123456", "+447400\u200b123456", "\uff0b447400123456"],
)
def test_another_spelling_is_the_same_number(shop: Caller, spelling: str) -> None:
    shop.sent()
    assert problem(shop.send(spelling, new=True)) == (429, "limit_reached")


def test_another_app_is_refused_too(shop: Caller, bank: Caller) -> None:
    """It is the person who is not to be flooded."""
    shop.sent()
    assert problem(bank.send()) == (429, "limit_reached")


def test_a_resend_says_what_is_left(shop: Caller, service: Service, sent: str) -> None:
    service.clock.move(30)
    assert shop.resend(sent).json["limits"][1] == {
        "limit": "number",
        "window_seconds": 600,
        "left": 1,
        "bucket": None,
    }


def test_a_refused_check_says_which_limit_and_judges_nothing(
    shop: Caller, service: Service, sent: str
) -> None:
    code = service.gateway.codes[-1]
    for _ in range(2):
        assert shop.check(sent, "000000" if code != "000000" else "000001").status_code == 200
    answer = shop.check(sent, code)
    assert problem(answer) == (429, "limit_reached")
    assert answer.json["limit"] == "checks_key"
    assert answer.headers["Retry-After"] == "60"
    assert problem(shop.check_number(NUMBER, code)) == (429, "limit_reached")
    assert shop.read(sent).json["checks_left"] == 3


def test_a_key_has_the_limits_it_was_made_with(app: "App[Any, Any]", service: Service, shop: Caller) -> None:
    limited = Caller(app, service.key("shop", limit="2/h", checks_limit="1/m"))
    verification_id = shop.sent()
    accepted = limited.send("+447400123457")
    assert accepted.json["limits"][-1] == {"limit": "key", "window_seconds": 3600, "left": 0, "bucket": None}
    answer = limited.send("+447400123458")
    assert problem(answer) == (429, "limit_reached")
    assert answer.json["limit"] == "key"
    assert answer.headers["Retry-After"] == "3600"
    assert shop.send("+447400123458").status_code == 202
    assert limited.check(verification_id, "123456").status_code == 200
    answers = limited.check(verification_id, "123456"), limited.check_number(NUMBER, "123456")
    assert [answer.json["limit"] for answer in answers] == ["checks_key", "checks_key"]


def test_a_resend_counts_against_the_keys_own_limit(
    app: "App[Any, Any]", service: Service, sent: str
) -> None:
    limited = Caller(app, service.key("shop", limit="1/h"))
    service.clock.move(30)
    assert limited.resend(sent).json["limit"] == "key"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_an_address_in_a_header_counts_for_nothing(shop: Caller, service: Service, header: str) -> None:
    """Anybody can write one: only the app knows who its user is."""
    object.__setattr__(service.limits, "rates", {Limit.IP: parse_rates("1/h")})
    body = {"to": NUMBER, "ip": "203.0.113.7", "new": True}
    answers = [
        shop.simulate_post("/v1/verifications", json=body, headers={header: f"198.51.100.{last}"})
        for last in (1, 2)
    ]
    assert [answer.status_code for answer in answers] == [202, 429]
    without = {"to": NUMBER}
    for _ in range(2):
        answer = shop.simulate_post("/v1/verifications", json=without, headers={header: "198.51.100.1"})
        assert answer.status_code == 202


@pytest.mark.parametrize("limit", OF_THE_OPERATOR)
def test_each_limit_is_on_as_the_readme_says_and_can_be_turned_off(
    limit: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"OTP_LIMIT_{limit.upper()}"
    (row,) = [line for line in README.read_text().splitlines() if f"| `{variable}` |" in line]
    (default,) = re.findall(r"\| `([\w/,]+)` \|", row.replace(f"`{variable}`", ""))
    assert Settings().limit_rates[limit] == parse_rates(default) != ()
    monkeypatch.setenv(variable, "")
    assert Settings().limit_rates[limit] == ()
