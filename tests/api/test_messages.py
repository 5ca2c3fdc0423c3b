"""Texts of an app's own over HTTP: asked for, looked at, listed, called back."""

from typing import Any

import pytest
from falcon import App
from sqlalchemy import update

from otp_worker.domain.message import MAX_LIFE_SECONDS, Priority
from otp_worker.issue.idempotency import ANSWER_SECONDS
from otp_worker.store.schema import idempotency_keys
from tests.api.client import Caller, problem
from tests.api.message_caller import MESSAGES, TEXT, ask, read, texting
from tests.api.service import Service
from tests.contract.service import LOST, NUMBER, OFFLINE


@pytest.fixture
def shop(app: "App[Any, Any]", service: Service) -> Caller:
    """An app whose key may have texts sent; a worker has said that it can open them."""
    service.announce_seal_keys()
    return texting(app, service)


def test_a_text_is_accepted_sent_and_shown_to_nobody(shop: Caller, service: Service) -> None:
    answer = ask(shop, user="user-17", client_reference="order-7", tags={"campaign": "spring"})
    assert answer.status_code == 202, answer.text
    assert answer.json["status"] == "pending"
    assert answer.json["to"] == "+44********56"
    assert answer.headers["Location"] == f"{MESSAGES}/{answer.json['id']}"
    assert (answer.json["user"], answer.json["client_reference"]) == ("user-17", "order-7")
    assert TEXT.encode() not in service.db_bytes()
    service.deliver_queued()
    assert [message.text for message in service.gateway.messages] == [TEXT]
    found = read(shop, answer)
    assert (found["status"], found["delivery"]["status"]) == ("sent", "sent")
    assert TEXT not in str(found)


def test_a_key_without_the_scope_has_no_text_sent(app: "App[Any, Any]", service: Service) -> None:
    service.announce_seal_keys()
    usual = Caller(app, service.key("shop"))
    assert problem(ask(usual)) == (403, "scope_missing")
    assert problem(usual.simulate_get(MESSAGES)) == (403, "scope_missing")
    assert problem(texting(app, service).send()) == (403, "scope_missing")


def test_a_repeated_request_is_one_sms_and_one_answer(shop: Caller, service: Service) -> None:
    first = ask(shop, "m-1")
    again = ask(shop, "m-1")
    assert again.text == first.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert problem(ask(shop, "m-1", text="another text")) == (422, "invalid_field")
    service.deliver_queued()
    assert len(service.gateway.messages) == 1


def test_a_request_whose_answer_was_lost_gets_what_became_of_it(shop: Caller, service: Service) -> None:
    first = ask(shop, "m-1")
    with service.db.write() as connection:
        connection.execute(update(idempotency_keys).values(answer=None))
    service.deliver_queued()
    service.clock.move(ANSWER_SECONDS)
    again = ask(shop, "m-1")
    assert (again.json["id"], again.json["status"]) == (first.json["id"], "sent")


def test_one_that_waits_is_called_back_and_one_that_was_sent_is_not(shop: Caller, service: Service) -> None:
    waits, sent = ask(shop), ask(shop)
    canceled = shop.simulate_post(f"{waits.headers['Location']}/cancel")
    assert (canceled.status_code, canceled.json["status"]) == (200, "canceled")
    service.deliver_queued()
    assert len(service.gateway.messages) == 1
    answer = shop.simulate_post(f"{sent.headers['Location']}/cancel")
    assert problem(answer) == (410, "message_over")
    assert answer.json["message_status"] == "sent"


def test_a_list_holds_the_apps_own_messages_and_no_codes(
    app: "App[Any, Any]", shop: Caller, service: Service
) -> None:
    codes = Caller(app, service.key("shop"))
    code = codes.sent()
    mine = []
    for n in range(3):
        service.clock.move(1)
        mine.append(ask(shop, user=f"user-{n}").json["id"])
    ask(texting(app, service, "bank"))
    page = shop.simulate_get(MESSAGES, params={"limit": 2})
    assert [each["id"] for each in page.json["messages"]] == mine[:0:-1]
    rest = shop.simulate_get(MESSAGES, params={"cursor": page.json["next_cursor"]})
    assert [each["id"] for each in rest.json["messages"]] == mine[:1]
    assert rest.json["next_cursor"] is None
    of_user = shop.simulate_get(MESSAGES, params={"user": "user-1"})
    assert [each["id"] for each in of_user.json["messages"]] == [mine[1]]
    listed = codes.simulate_get("/v1/verifications")
    assert [each["id"] for each in listed.json["verifications"]] == [code]


def test_a_message_is_no_verification_and_the_other_way_round(
    app: "App[Any, Any]", shop: Caller, service: Service
) -> None:
    codes = Caller(app, service.key("shop"))
    message, code = ask(shop).json["id"], codes.sent()
    for answer in (
        codes.read(message),
        codes.check(message, "123456"),
        codes.resend(message),
        codes.cancel(message),
        codes.simulate_get(f"/v1/verifications/{message}/timeline"),
        shop.simulate_get(f"{MESSAGES}/{code}"),
        shop.simulate_post(f"{MESSAGES}/{code}/cancel"),
        texting(app, service, "bank").simulate_get(f"{MESSAGES}/{message}"),
        shop.simulate_get(f"{MESSAGES}/msg_"),
    ):
        assert problem(answer) == (404, "not_found")


def test_a_failed_one_says_why_in_our_words(shop: Caller, service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    answer = ask(shop, expires_in_seconds=60)
    service.deliver_queued()
    assert read(shop, answer)["reason"] == "it waits for a phone that can send it"
    service.clock.move(60)
    service.expirer.expire(service.clock())
    found = read(shop, answer)
    assert (found["status"], found["reason"]) == ("expired", "not sent in time")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", ""),
        ("text", " \n "),
        ("text", "x" * 1601),
        ("text", "ж" * 671),
        ("text", "a\x00b"),
        ("text", "a\x1bb"),
        ("text", "a\u202eb"),
        ("text", 7),
        ("text", None),
        ("expires_in_seconds", 29),
        ("expires_in_seconds", MAX_LIFE_SECONDS[Priority.CODE] + 1),
        ("expires_in_seconds", 10**30),
        ("expires_in_seconds", "300"),
        ("priority", "urgent"),
        ("priority", None),
        ("priority", 1),
        ("limits", {"device": "a"}),
        ("template", "welcome"),
        ("from", "+447400999999"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_field(
    shop: Caller, service: Service, field: str, value: object
) -> None:
    answer = ask(shop, **{field: value})
    assert problem(answer) == (422, "invalid_field")
    assert answer.json["errors"][0]["field"] in (field, "limits.device", "body")
    assert service.count("verifications") == 0


@pytest.mark.parametrize(
    "text", ["two\nlines", "two\r\nlines", "Код: 1234", "😀" * 100, "x" * 1530, "https://shop.example/7"]
)
def test_what_can_be_sent_is_sent(shop: Caller, service: Service, text: str) -> None:
    assert ask(shop, text=text).status_code == 202
    service.deliver_queued()
    assert service.gateway.messages[0].text == text.replace("\r\n", "\n")


def test_half_a_character_is_refused(shop: Caller, service: Service) -> None:
    answer = shop.simulate_post(MESSAGES, body=b'{"to": "+447400123456", "text": "half \\ud83d"}')
    assert problem(answer) == (422, "invalid_field")
    assert service.count("verifications") == 0


def test_a_body_may_be_as_long_as_a_text_can_be_and_no_longer(shop: Caller) -> None:
    assert ask(shop, text="x" * 1530, tags={f"t{n}": "v" * 128 for n in range(10)}).status_code == 202
    assert problem(ask(shop, text="x" * 17_000)) == (413, "body_too_large")


def test_nothing_is_accepted_that_nobody_can_open(app: "App[Any, Any]", service: Service) -> None:
    shop = texting(app, service)
    assert problem(ask(shop)) == (503, "sealing_unavailable")
    service.announce_seal_keys()
    service.older_may_run = True
    answer = ask(shop)
    assert problem(answer) == (503, "sealing_unavailable")
    assert "OTP_OLDEST_VERSION" in answer.json["detail"]
    assert service.count("verifications") == 0


def test_a_revoked_key_has_nothing_sent(shop: Caller, service: Service) -> None:
    assert ask(shop).status_code == 202
    service.revoke_every_key()
    assert problem(ask(shop)) == (401, "unauthenticated")
    assert service.count("verifications") == 1


def test_a_number_in_the_urls_query_is_refused(shop: Caller) -> None:
    answer = shop.simulate_get(MESSAGES, params={"to": NUMBER})
    assert problem(answer) == (422, "invalid_field")


def test_a_key_for_rehearsals_reaches_no_phone(app: "App[Any, Any]", service: Service) -> None:
    service.announce_seal_keys()
    rehearsing = texting(app, service, test=True)
    answer = ask(rehearsing)
    service.deliver_queued()
    assert read(rehearsing, answer)["status"] == "sent"
    assert service.gateway.messages == []


def test_no_log_line_holds_the_text(shop: Caller, service: Service, logged: list[Any]) -> None:
    service.gateway.outcomes = [LOST]
    ask(shop, "m-1")
    ask(shop, text="\x00 Lovelace")
    service.deliver_queued()
    assert "Lovelace" not in str(logged)
