"""What a person does on the page, without a script: through the same intake, resend and check as any app."""

import re
from pathlib import Path
from typing import Any

import pytest
from falcon import App

from otp_worker.domain.lockout import FREE_FAILURES
from otp_worker.store import entry_links, lockouts, opt_outs
from tests.api.client import Caller
from tests.api.entry.person import Person, made, redeem, result_in
from tests.api.service import Service
from tests.contract.service import NUMBER, wrong


def test_a_person_asks_for_the_code_enters_it_and_goes_back(
    person: Person, link: dict[str, Any], shop: Caller, service: Service
) -> None:
    first = person.look()
    assert "+44********56" in first.text
    assert "Corner Shop" in first.text
    person.press("send")
    service.deliver_queued()
    page = person.look()
    assert 'autocomplete="one-time-code"' in page.text
    assert 'inputmode="numeric"' in page.text
    code = service.gateway.codes[0]
    back = person.type(f" {code[:3]}-{code[3:]} ")
    assert back.status_code == 303
    assert redeem(shop, link, result_in(back.headers["Location"])).json["outcome"] == "approved"


def test_looking_changes_nothing(app: "App[Any, Any]", link: dict[str, Any], service: Service) -> None:
    for _ in range(3):
        assert Person(app, link["url"]).look().status_code == 200
    assert service.count("verifications") == 0
    assert Person(app, link["url"]).asked().look().status_code == 200


def test_the_link_belongs_to_the_browser_that_acts_first(
    app: "App[Any, Any]", person: Person, link: dict[str, Any], service: Service
) -> None:
    other = Person(app, link["url"])
    other.look()
    person.asked()
    assert other.look().status_code == 410
    assert "used already" in other.look().text
    for act in ("send", "resend", "check", "decline"):
        assert other.press(act, "code=123456").status_code == 410
    assert person.look().status_code == 200
    assert service.count("deliveries") == 1


def test_a_link_that_is_done_shows_so_and_does_nothing_more(
    person: Person, link: dict[str, Any], shop: Caller, service: Service
) -> None:
    person.asked()
    service.deliver_queued()
    result = result_in(person.type(service.gateway.codes[0]).headers["Location"])
    again = person.look()
    assert again.status_code == 200
    assert "Your number is confirmed" in again.text
    assert result in again.text
    assert person.press("decline").status_code == 410
    redeem(shop, link, result)
    used = person.look()
    assert used.status_code == 410
    assert "used already" in used.text
    assert result not in used.text


def test_one_check_counts_once_and_a_reload_counts_none(
    person: Person, shop: Caller, service: Service
) -> None:
    person.asked()
    service.deliver_queued()
    code = service.gateway.codes[0]
    told = person.type(wrong(code))
    assert told.headers["Location"] == f"{person.path}?said=wrong"
    for _ in range(2):
        assert "Tries left: \u20684\u2069" in person.look("said=wrong").text
    person.type("12")
    person.type("")
    assert "Enter the digits" in person.look("said=format").text
    (listed,) = shop.simulate_get("/v1/verifications").json["verifications"]
    assert shop.read(listed["id"]).json["checks_left"] == 4


def test_wrong_codes_end_it_as_everywhere(person: Person, shop: Caller, service: Service) -> None:
    person.asked()
    service.deliver_queued()
    for _ in range(5):
        person.type(wrong(service.gateway.codes[0]))
    over = person.look()
    assert over.status_code == 410
    assert "no longer be entered" in over.text
    assert "result=" not in over.text
    (listed,) = shop.simulate_get("/v1/verifications").json["verifications"]
    assert listed["status"] == "max_checks_reached"


def test_two_presses_are_one_sms(person: Person, service: Service) -> None:
    person.asked()
    assert person.press("send").status_code == 303
    assert service.count("deliveries") == 1


def test_a_resend_waits_as_long_as_the_page_says(person: Person, service: Service) -> None:
    person.asked()
    service.deliver_queued()
    service.clock.move(10)
    assert 'data-seconds="20"' in person.look().text
    early = person.press("resend")
    assert early.status_code == 429
    assert early.headers["Retry-After"] == "20"
    assert "0:20" in early.text
    service.clock.move(20)
    assert "data-seconds" not in person.look().text
    assert person.press("resend").headers["Location"] == f"{person.path}?said=again"
    service.deliver_queued()
    assert len(service.gateway.codes) == 2
    assert len(set(service.gateway.codes)) == 1


def test_a_person_whose_number_it_is_not_goes_back_and_nothing_more_is_sent(
    person: Person, link: dict[str, Any], shop: Caller, service: Service
) -> None:
    person.asked()
    back = person.press("decline")
    told = redeem(shop, link, result_in(back.headers["Location"])).json
    assert told["outcome"] == "not_my_number"
    assert shop.read(told["verification_id"]).json["status"] == "canceled"
    service.deliver_queued()
    assert service.gateway.messages == []


def test_a_code_approves_only_the_link_that_it_is_entered_on(
    app: "App[Any, Any]", person: Person, link: dict[str, Any], shop: Caller, service: Service
) -> None:
    person.asked()
    service.deliver_queued()
    service.clock.move(31)
    # Somebody else asks for the same number and user, and so for the same code.
    stranger = Person(app, made(shop, user="user-17")["url"]).asked()
    service.deliver_queued()
    person.type(service.gateway.codes[0])
    assert service.count("verifications") == 1
    for answer in (stranger.look(), stranger.type(service.gateway.codes[0]), stranger.look()):
        assert "result=" not in answer.text
        assert "result=" not in answer.headers.get("Location", "")


def test_an_expired_link_says_so(person: Person, service: Service) -> None:
    person.look()
    service.clock.move(900)
    for answer in (person.look(), person.press("send")):
        assert answer.status_code == 410
        assert "expired" in answer.text
    assert service.count("verifications") == 0


def test_a_link_that_we_did_not_sign_is_none(app: "App[Any, Any]", link: dict[str, Any]) -> None:
    for url in (f"{link['url'][:-1]}x", link["url"].replace("lnk_", "LNK_"), f"{link['url']}0", "/entry/x"):
        answer = Person(app, url).look()
        assert answer.status_code == 404
        assert "not valid" in answer.text


def test_a_revoked_key_takes_its_links_with_it(person: Person, service: Service) -> None:
    person.look()
    service.revoke_every_key()
    assert person.press("send").status_code == 410
    assert service.count("verifications") == 0


def test_a_browser_without_cookies_is_told_what_is_missing(person: Person, service: Service) -> None:
    answer = person.press("send")
    assert answer.status_code == 403
    assert "cookies" in answer.text
    assert service.count("verifications") == 0


def test_a_person_who_wants_no_sms_gets_none(person: Person, service: Service) -> None:
    hashes, now = service.keyring.number_hashes(NUMBER), service.clock()
    with service.db.write() as connection:
        opt_outs.stop(connection, hashes, "+44********56", now, now)
    person.look()
    answer = person.press("send")
    assert answer.status_code == 403
    assert "START" in answer.text
    assert service.count("deliveries") == 0


def test_a_locked_number_is_locked_here_too(person: Person, service: Service) -> None:
    person.asked()
    service.deliver_queued()
    with service.db.write() as connection:
        for _ in range(FREE_FAILURES):
            lockouts.count_attempt(connection, service.keyring.number_hashes(NUMBER), service.clock())
    answer = person.type(service.gateway.codes[-1])
    assert answer.status_code == 429
    assert "Too many requests. Try again in" in answer.text


def test_one_link_cannot_use_up_its_apps_limits(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_links, "MOST_ACTS", 4)
    person.asked()
    for _ in range(3):
        assert person.type("123456").status_code == 303
    assert person.type("123456").status_code == 410


def test_a_database_that_is_away_is_told_in_words(person: Person, service: Service) -> None:
    person.look()
    service.db.close()
    rename = Path(str(service.db.engine.url.database))
    rename.rename(rename.with_suffix(".away"))
    rename.mkdir()
    answer = person.look()
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "does not answer" in answer.text


def test_the_page_lets_nothing_in_and_leads_to_its_app_alone(person: Person) -> None:
    page = person.look()
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "form-action 'self' https://shop.example;" in policy
    assert "frame-ancestors 'none'" in policy
    assert re.findall(r"https?://[^\"' <]+", page.text) == []


def test_the_cookie_is_for_this_link_alone(person: Person) -> None:
    cookie = person.look().headers["Set-Cookie"]
    for part in ("HttpOnly", "Secure", "SameSite=Lax", f"Path={person.path}"):
        assert part in cookie


def test_a_bad_form_is_told_in_words_and_is_no_check(person: Person, shop: Caller, service: Service) -> None:
    person.asked()
    service.deliver_queued()
    for form, status in (
        ("a=1&" * 20, 400),
        ("x" * 5000, 413),
        ("code=%ff", 400),
        ("code=\u0661\u0662\u0663\u0664", 303),
    ):
        answer = person.press("check", form)
        assert answer.status_code == status, form
        assert status == 303 or "That did not work" in answer.text, form
    (listed,) = shop.simulate_get("/v1/verifications").json["verifications"]
    assert shop.read(listed["id"]).json["checks_left"] == 5
