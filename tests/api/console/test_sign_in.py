"""Nobody gets past the sign-in without a password, and nobody tries many."""

import pytest
import time_machine
from falcon.testing import TestClient

from api.console.app import create_console
from api.console.attempts import OF_ALL, OF_ONE_ADDRESS, WINDOW_SECONDS, LoginAttempts
from api.console.sessions import COOKIE, LIFE_SECONDS, Sessions
from otp_worker.domain.keyring import Keyring
from otp_worker.store import audit
from tests.api.console.visitor import LOGINS, PAGES, Visitor
from tests.api.service import Service


def test_a_stranger_is_sent_to_sign_in(stranger_at_console: Visitor) -> None:
    for page in (*PAGES, "/verifications/ver_01ARZ3NDEKTSV4RRFFQ69G5FAV", "/nowhere"):
        answer = stranger_at_console.get(page)
        assert answer.status_code == 303, page
        assert answer.headers["location"].startswith("/login")


def test_a_stranger_can_post_nothing(stranger_at_console: Visitor) -> None:
    stranger_at_console.get("/login")
    assert stranger_at_console.post("/find", what="anything").status_code == 401
    assert stranger_at_console.post("/logout").status_code == 401


def test_a_fragment_is_refused_and_not_sent_elsewhere(stranger_at_console: Visitor) -> None:
    assert stranger_at_console.get("/fragments/overview", **{"X-Fragment": "1"}).status_code == 401


def test_after_signing_in_the_page_that_was_asked_for_opens(stranger_at_console: Visitor) -> None:
    sent = stranger_at_console.get("/keys")
    stranger_at_console.get(sent.headers["location"])
    answer = stranger_at_console.post("/login", login="ann", password=LOGINS["ann"], next="/keys")
    assert (answer.status_code, answer.headers["location"]) == (303, "/keys")
    assert stranger_at_console.get("/keys").status_code == 200


def test_signing_in_leads_nowhere_else(stranger_at_console: Visitor) -> None:
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "evil", ""):
        stranger_at_console.cookies.clear()
        stranger_at_console.get("/login")
        answer = stranger_at_console.post("/login", login="ann", password=LOGINS["ann"], next=elsewhere)
        assert answer.headers["location"] == "/", elsewhere


@pytest.mark.parametrize(
    ("login", "password"),
    [("ann", "wrong"), ("ann", ""), ("", ""), ("carol", ""), ("bob", LOGINS["ann"]), ("ann", "pässword")],
)
def test_a_wrong_login_is_refused_without_a_word_on_what_is_wrong(
    stranger_at_console: Visitor, login: str, password: str
) -> None:
    stranger_at_console.get("/login")
    answer = stranger_at_console.post("/login", login=login, password=password)
    assert answer.status_code == 401
    assert "The name or the password is not right." in answer.text
    assert stranger_at_console.get("/").status_code == 303


def test_every_listed_login_may_come_in(stranger_at_console: Visitor) -> None:
    assert stranger_at_console.sign_in("bob").status_code == 303
    assert "Signed in as bob" in stranger_at_console.get("/").text


def test_the_cookie_is_for_this_site_alone_and_no_script_reads_it(console: TestClient) -> None:
    visitor = Visitor(console)
    kept = visitor.get("/login").cookies[COOKIE]
    assert (kept.http_only, kept.same_site, kept.secure) == (True, "Strict", False)
    over_tls = visitor.get("/login", **{"X-Forwarded-Proto": "https"})
    assert COOKIE not in over_tls.cookies
    visitor.cookies.clear()
    assert visitor.get("/login", **{"X-Forwarded-Proto": "https"}).cookies[COOKIE].secure


def test_a_session_of_somebody_who_signs_in_is_a_new_one(stranger_at_console: Visitor) -> None:
    stranger_at_console.get("/login")
    before = dict(stranger_at_console.cookies)
    stranger_at_console.post("/login", login="ann", password=LOGINS["ann"])
    assert stranger_at_console.cookies != before


def test_a_cookie_that_was_changed_or_made_elsewhere_is_none(operator: Visitor, service: Service) -> None:
    mine = operator.cookies[COOKIE]
    others = Sessions(Keyring(["another root secret"]), LOGINS).begin("ann")[0]
    # Not its last letter, which stands for less than six bits.
    changed = mine[:-9] + ("A" if mine[-9] != "A" else "B") + mine[-8:]
    for forged in (changed, "", "x.y.z", others):
        operator.cookies[COOKIE] = forged
        assert operator.get("/").status_code == 303


def test_a_changed_password_signs_everybody_out(operator: Visitor, service: Service) -> None:
    changed = {**LOGINS, "bob": "a-new-password"}
    operator.client = TestClient(create_console(service.intake(), Sessions(service.keyring, changed)))
    assert operator.get("/").status_code == 303


def test_a_session_lives_for_twelve_hours(service: Service) -> None:
    sessions = Sessions(service.keyring, LOGINS)
    with time_machine.travel(0, tick=False) as clock:
        cookie, session = sessions.begin("ann")
        clock.shift(LIFE_SECONDS)
        assert sessions.read(cookie) == session
        clock.shift(1)
        assert sessions.read(cookie) is None


def test_signing_out_ends_the_session(operator: Visitor) -> None:
    operator.get("/")
    answer = operator.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert operator.cookies[COOKIE] == ""


def test_signing_in_is_written_down(operator: Visitor, service: Service) -> None:
    (entry,) = audit.newest(service.db, 10)
    assert (entry.login, entry.action, entry.outcome) == ("ann", "sign in", "Signed in.")


def test_tries_are_limited_even_for_who_then_knows_the_password(stranger_at_console: Visitor) -> None:
    for _ in range(OF_ONE_ADDRESS):
        assert stranger_at_console.sign_in(password="wrong").status_code == 401
    answer = stranger_at_console.sign_in()
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= WINDOW_SECONDS
    assert "Try again in 5 min" in answer.text


def test_who_signs_in_has_every_try_again(stranger_at_console: Visitor) -> None:
    for _ in range(OF_ONE_ADDRESS - 1):
        stranger_at_console.sign_in(password="wrong")
    assert stranger_at_console.sign_in().status_code == 303
    stranger_at_console.cookies.clear()
    assert stranger_at_console.sign_in(password="wrong").status_code == 401


def test_tries_are_limited_for_each_address_and_for_all_together() -> None:
    now = [1000.0]
    attempts = LoginAttempts(lambda: now[0])
    for host in range(OF_ALL // OF_ONE_ADDRESS):
        for _ in range(OF_ONE_ADDRESS):
            assert attempts.take(f"192.0.2.{host}") == 0
        assert attempts.take(f"192.0.2.{host}") == WINDOW_SECONDS
    assert attempts.take("198.51.100.1") == WINDOW_SECONDS
    now[0] += WINDOW_SECONDS
    assert attempts.take("192.0.2.0") == 0


def test_one_subscribers_addresses_are_one() -> None:
    attempts = LoginAttempts(lambda: 0.0)
    for host in range(OF_ONE_ADDRESS):
        assert attempts.take(f"2001:db8::{host}") == 0
    assert attempts.take("2001:db8::ffff") > 0
    assert attempts.take("2001:db8:0:1::1") == 0
