"""Where is a code? The list, the search by number, and the timeline of one verification."""

import base64
from typing import Any

import pytest
from falcon.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from api.schemas.trail import cursor_of, place_of
from otp_worker.domain.step import Step, StepKind
from otp_worker.store import steps
from otp_worker.store.trail import Place
from tests.api.client import ONE, Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER, OFFLINE, START, fail_gateway

OTHER = "+447400654321"
SEARCH = f"{ONE}/search"


def listed(caller: Caller, **query: Any) -> Result:
    return caller.simulate_get(ONE, params={name: str(value) for name, value in query.items()})


def ids(answer: Result) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json["verifications"]]


def found(caller: Caller, to: str = NUMBER, **fields: Any) -> Result:
    return caller.simulate_post(SEARCH, json={"to": to, **fields})


def timeline(caller: Caller, verification_id: str) -> Result:
    return caller.simulate_get(f"{ONE}/{verification_id}/timeline")


@pytest.fixture
def three(shop: Caller, service: Service) -> list[str]:
    """Three verifications of one app for three users, the newest last."""
    made = []
    for user in ("user-1", "user-2", "user-3"):
        made.append(shop.sent(user=user))
        service.clock.move(1)
    return made


def test_a_list_shows_the_newest_first_and_masks_the_number(
    shop: Caller, three: list[str], service: Service
) -> None:
    service.deliver_queued()
    answer = listed(shop)
    assert ids(answer) == three[::-1]
    newest = answer.json["verifications"][0]
    assert newest["to"] == "+44********56"
    assert newest["user"] == "user-3"
    assert newest["status"] == "pending"
    assert newest["delivery_status"] == "sent"
    assert newest["sent_at"] is not None
    assert answer.json["next_cursor"] is None


def test_an_app_sees_its_own_and_the_operator_sees_all(
    shop: Caller, bank: Caller, admin: Caller, three: list[str]
) -> None:
    other = bank.sent(OTHER)
    assert ids(listed(bank)) == ids(found(bank, OTHER)) == [other]
    assert ids(found(bank)) == ids(found(shop, OTHER)) == []
    assert ids(listed(admin)) == [other, *three[::-1]]
    assert ids(found(admin, OTHER)) == [other]
    assert problem(timeline(bank, three[0])) == (404, "not_found")
    assert timeline(admin, three[0]).status_code == 200
    assert {each["app"] for each in listed(admin).json["verifications"]} == {"shop", "bank"}


def test_a_cursor_leads_through_all_pages(shop: Caller, three: list[str]) -> None:
    first = listed(shop, limit=2)
    assert ids(first) == [three[2], three[1]]
    last = listed(shop, limit=2, cursor=first.json["next_cursor"])
    assert ids(last) == [three[0]]
    assert last.json["next_cursor"] is None
    assert ids(found(shop, limit=1)) == [three[2]]
    assert ids(found(shop, limit=1, cursor=found(shop, limit=1).json["next_cursor"])) == [three[1]]


def test_what_is_asked_for_is_what_is_shown(shop: Caller, three: list[str]) -> None:
    shop.cancel(three[0])
    assert ids(listed(shop, status="canceled")) == ids(found(shop, status="canceled")) == [three[0]]
    assert ids(listed(shop, user="user-2")) == ids(found(shop, user="user-2")) == [three[1]]
    assert ids(listed(shop, since="2026-03-01T12:00:01Z")) == [three[2], three[1]]
    assert ids(listed(shop, until="2026-03-01T13:00:01+01:00")) == [three[0]]
    assert ids(listed(shop, status="failed")) == []


def test_a_number_is_found_in_any_spelling_until_it_is_forgotten(shop: Caller, admin: Caller) -> None:
    verification_id = shop.sent()
    assert ids(found(shop, "07400 123456")) == ids(found(shop, "0044 7400 123456")) == [verification_id]
    admin.simulate_post("/v1/admin/numbers/forget", json={"to": NUMBER})
    assert ids(found(shop)) == []


def test_a_number_is_not_for_a_url(shop: Caller) -> None:
    answer = shop.simulate_get(ONE, params={"to": NUMBER})
    assert problem(answer) == (422, "invalid_field")
    assert answer.json["errors"][0]["field"] == "to"
    assert "POST it to /v1/verifications/search" in answer.json["detail"]
    assert "7400" not in answer.text


@pytest.mark.parametrize(
    ("name", "value", "detail"),
    [
        ("limit", "0", "give 1 or more"),
        ("limit", "201", "give 200 or less"),
        ("limit", "ten", "give a whole number"),
        ("limit", "", "give a whole number"),
        ("status", "lost", "give one of pending, approved, canceled, expired, failed, max_checks_reached"),
        ("status", "", "give one of pending, approved, canceled, expired, failed, max_checks_reached"),
        ("since", "yesterday", "give an instant with its time zone, such as 2026-03-01T12:00:00Z"),
        ("since", "2026-03-01T12:00:00", "give an instant with its time zone, such as 2026-03-01T12:00:00Z"),
        ("since", "2026-02-30T12:00:00Z", "give an instant with its time zone, such as 2026-03-01T12:00:00Z"),
        (
            "until",
            "0001-01-01T00:00:00+14:00",
            "give an instant with its time zone, such as 2026-03-01T12:00:00Z",
        ),
        ("cursor", "no-such-cursor", "no list gave this; leave it out to begin with the newest"),
        ("user", "two\nlines", "give printable characters on one line"),
        ("sort", "asc", "there is no such field"),
    ],
)
def test_what_cannot_be_asked_for_is_named_with_the_fix(
    shop: Caller, name: str, value: str, detail: str
) -> None:
    answer = listed(shop, **{name: value})
    assert problem(answer) == (422, "invalid_field")
    assert answer.json["errors"] == [{"field": name, "detail": detail}]


def test_a_span_that_ends_before_it_begins_is_refused(shop: Caller) -> None:
    span = {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}
    for answer in (listed(shop, **span), found(shop, **span)):
        assert answer.json["errors"] == [{"field": "since", "detail": "is later than until; swap the two"}]


def test_a_parameter_that_is_given_twice_is_refused(shop: Caller) -> None:
    answer = shop.simulate_get(ONE, query_string="limit=1&limit=2")
    assert answer.json["errors"] == [{"field": "limit", "detail": "give it once"}]


@given(
    st.one_of(
        st.text(max_size=80), st.binary(max_size=60).map(lambda b: base64.urlsafe_b64encode(b).decode())
    )
)
def test_whatever_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no list gave this"):
        place_of(text)


def cursor_at(microseconds: str) -> str:
    return base64.urlsafe_b64encode(f"{microseconds}.ver_{'0' * 26}".encode()).decode().rstrip("=")


@pytest.mark.parametrize("text", ["9" * 18, "-1", "", "1.5", "٣"])
def test_a_cursor_of_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no list gave this"):
        place_of(cursor_at(text))


def test_a_cursor_of_any_instant_leads_somewhere(shop: Caller, three: list[str]) -> None:
    assert ids(listed(shop, cursor=cursor_at("9" * 17))) == three[::-1]
    assert ids(listed(shop, cursor=cursor_at("0"))) == []


def test_a_cursor_is_its_place() -> None:
    place = Place(START, "ver_" + "0" * 26)
    assert place_of(cursor_of(place)) == place


def test_a_key_without_the_scope_reads_nothing(app: Any, service: Service) -> None:
    key = service.key("shop")
    sender = Caller(app, key)
    assert listed(sender).status_code == 200
    assert problem(Caller(app).simulate_get(ONE)) == (401, "unauthenticated")


def test_head_is_answered_without_a_body(shop: Caller, sent: str) -> None:
    for path in (ONE, f"{ONE}/{sent}/timeline"):
        answer = shop.simulate_head(path)
        assert (answer.status_code, answer.text) == (200, "")


def test_a_timeline_says_the_cause_and_what_happened(shop: Caller, sent: str, service: Service) -> None:
    service.clock.move(2)
    shop.check(sent, service.gateway.codes[-1])
    told = timeline(shop, sent).json
    assert told["cause"] == "Approved: the right code was entered 2.0 s after the request."
    assert (told["id"], told["status"]) == (sent, "approved")
    kinds = [each["kind"] for each in told["timeline"]]
    assert kinds[0] == "accepted"
    assert "taken" in kinds
    assert kinds[-1] == "approved"
    assert told["timeline"][0]["milliseconds"] == 0
    assert told["timeline"][-1]["milliseconds"] == 2000


def test_an_app_is_told_nothing_of_sims_and_gateways_and_the_operator_is(
    shop: Caller, admin: Caller, service: Service
) -> None:
    service.gateway.outcomes = [OFFLINE]
    for _ in range(3):
        fail_gateway(service.db, "obedient", service.clock(), "no paired phone is online")
    verification_id = shop.sent()
    said = Step(
        service.clock(), StepKind.WAITING, verification_id, 1, gateway="obedient", detail="obedient works"
    )
    with service.db.write() as connection:
        steps.write(connection, [said])
    apps, operators = timeline(shop, verification_id), timeline(admin, verification_id)
    assert "obedient" not in apps.text
    assert "offline since 12:00" in apps.json["cause"]
    assert "waits: obedient works" in [each["what"] for each in operators.json["timeline"]]


def test_an_id_that_is_none_is_not_found(shop: Caller) -> None:
    for each in ("ver_" + "0" * 26, "ver_1", "%00", "check"):
        assert problem(timeline(shop, each)) == (404, "not_found")


def test_the_log_finds_what_a_request_asked_for(shop: Caller, admin: Caller, service: Service) -> None:
    answer = shop.simulate_post(ONE, json={"to": NUMBER}, headers={"X-Request-Id": "order-17"})
    trails = service.intake().trails
    assert [each.id for each in trails.find("order-17", 5)] == [answer.json["id"]]
