"""What endpoints are told: each event once, signed, in order, and of their own app alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from otp_worker.domain.app import App
from otp_worker.domain.gateway import ReceiptKind, Reply
from otp_worker.domain.ports import NO_OUTBOX
from otp_worker.domain.reply import REPLY_LANGUAGES
from otp_worker.inbound.replies import Replies
from otp_worker.operations.event_poster import EVENTS_AT_ONCE
from otp_worker.store import erasure, event_fan_out, receipts
from otp_worker.store.schema import endpoint_events, verifications
from otp_worker.store.step_cursor import LONGEST_TRANSACTION
from tests.contract.messaging import Texting
from tests.contract.operations.events import URL, Events
from tests.contract.service import ACCEPTED, NUMBER, REFUSED, Service, wrong

OTHER_NUMBER = "+447400654321"
OTHER = "https://bank.example/otp-events"


@pytest.fixture
def events(service: Service) -> Events:
    return Events(service)


def test_an_app_is_told_what_happens_in_its_order_and_signed(service: Service, events: Events) -> None:
    endpoint, secret = events.add()
    verification, code = service.sent()
    service.clock.move(1)
    receipts.move_forward(service.db, f"{verification.id}.1", ReceiptKind.DELIVERED, service.clock())
    service.clock.move(1)
    service.check(verification, wrong(code))
    service.clock.move(1)
    service.check(verification, code)
    events.work()
    assert events.app.types == [
        "verification.created",
        "verification.sent",
        "verification.delivered",
        "verification.check_failed",
        "verification.approved",
    ]
    assert all(each.is_signed_by(secret, service) for each in events.app.told)
    assert not events.app.told[0].is_signed_by(events.add(url=OTHER).secret, service)
    instants = [each.event["timestamp"] for each in events.app.told]
    assert instants == sorted(instants)
    data = events.app.told[3].event["data"]
    assert data == {
        "id": verification.id,
        "to": "+44********56",
        "country": "GB",
        "channel": "sms",
        "user": verification.user,
        "purpose": None,
        "client_reference": None,
        "tags": {},
        "checks_left": 4,
    }
    assert code not in "".join(each.body.decode() for each in events.app.told)
    assert NUMBER not in "".join(each.body.decode() for each in events.app.told)
    events.work()
    assert len(events.app.told) == 5
    logged = events.endpoints.events("shop", endpoint.id, 10)
    assert [each.id for each in reversed(logged)] == [each.id for each in events.app.told]
    assert {each.state for each in logged} == {"taken"}


def test_each_endpoint_is_told_what_it_chose_of_its_own_app(service: Service, events: Events) -> None:
    events.add("shop", URL, "verification.created")
    events.add("shop", f"{URL}/all")
    events.add("bank", OTHER)
    events.add("test:shop", f"{URL}/test")
    service.issue()
    service.issue(app=App("test:shop", test=True))
    events.work()
    assert sorted((each.url, each.event["type"]) for each in events.app.told) == [
        (URL, "verification.created"),
        (f"{URL}/all", "verification.created"),
        (f"{URL}/test", "verification.created"),
    ]
    verification, _ = service.sent(app=App("bank"))
    events.app.told.clear()
    events.work()
    assert [each.event["data"]["id"] for each in events.app.told] == [verification.id] * 2
    assert {each.url for each in events.app.told} == {OTHER}


def test_what_happened_before_an_endpoint_was_made_is_not_told(service: Service, events: Events) -> None:
    service.sent()
    service.clock.move(1)
    events.add()
    events.work()
    assert events.app.told == []
    service.issue()
    events.work()
    assert events.app.types == ["verification.created"]


def test_the_whole_number_is_told_only_where_it_is_asked_for(service: Service, events: Events) -> None:
    events.add(clear_numbers=True)
    service.issue()
    events.work()
    data = events.app.told[0].event["data"]
    assert (data["number"], data["to"]) == (NUMBER, "+44********56")


def test_why_it_failed_is_told_in_our_words(service: Service, events: Events) -> None:
    events.add("shop", URL, "verification.failed", "verification.expired", "verification.locked")
    service.gateway.outcomes = [REFUSED]
    service.deliver(service.issue())
    service.gateway.outcomes = [ACCEPTED]
    service.sent()
    service.clock.move(3600)
    service.work()
    events.work()
    assert [(each.event["type"], each.event["data"]["reason"]) for each in events.app.told] == [
        ("verification.failed", "the gateway refuses this message"),
        ("verification.expired", "its time was over"),
    ]


def test_any_number_of_processes_write_each_event_once(service: Service, events: Events) -> None:
    events.add()
    issued = [service.issue() for _ in range(20)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: event_fan_out.fan_out(service.db, service.clock()), range(8)))
    events.work()
    assert sorted(each.event["data"]["id"] for each in events.app.told) == sorted(each.id for each in issued)


def test_one_worker_at_a_time_posts_to_an_endpoint(service: Service, events: Events) -> None:
    endpoint, _ = events.add()
    service.issue()
    events.poster.fan_out(service.clock())
    said = []
    events.app.before = lambda: said.append(events.poster.run(endpoint.id))
    assert events.poster.run(endpoint.id) == "1 taken"
    assert said == ["not due"]


def test_a_turn_ends_after_some_events_and_the_next_one_goes_on(service: Service, events: Events) -> None:
    events.add()
    for _ in range(EVENTS_AT_ONCE + 1):
        service.issue()
    events.work()
    assert len(events.app.told) == EVENTS_AT_ONCE
    events.app.before = lambda: service.clock.move(6)
    events.work()
    assert len(events.app.told) == EVENTS_AT_ONCE + 1
    assert len({each.id for each in events.app.told}) == EVENTS_AT_ONCE + 1


def test_a_person_who_is_erased_is_told_of_no_more(service: Service, events: Events) -> None:
    events.add()
    service.issue()
    events.poster.fan_out(service.clock())
    erasure.erase_number(service.db, [NUMBER], service.keyring.number_hashes(NUMBER))
    events.work()
    assert events.app.told == []
    with service.db.read() as connection:
        assert connection.execute(endpoint_events.select()).first() is None


def test_a_person_who_is_just_being_erased_holds_up_nobody(service: Service, events: Events) -> None:
    if service.db.is_sqlite:
        pytest.skip("SQLite lets in one writer at a time")
    events.add()
    erased, other = service.issue(), service.issue(OTHER_NUMBER)
    with service.db.write() as erasing:
        erasing.execute(verifications.delete().where(verifications.c.id == erased.id))
        assert event_fan_out.fan_out(service.db, service.clock()) == 0
    # The number of the step that is gone is waited for, as long as a transaction may last.
    events.work()
    service.clock.move(LONGEST_TRANSACTION.total_seconds())
    events.work()
    assert [each.event["data"]["id"] for each in events.app.told] == [other.id]


def test_an_event_that_somebody_else_changes_holds_up_none_that_was_taken(
    service: Service, events: Events
) -> None:
    if service.db.is_sqlite:
        pytest.skip("SQLite lets in one writer at a time")
    endpoint, _ = events.add()
    service.issue()
    service.issue(OTHER_NUMBER)
    events.poster.fan_out(service.clock())
    changed, other = events.endpoints.events(None, endpoint.id, 2)
    with service.db.write() as changing:
        rows = endpoint_events.select().where(endpoint_events.c.id == changed.id)
        changing.execute(rows.with_for_update())
        assert events.poster.run(endpoint.id) == "2 taken"
    states = {each.id: each.state for each in events.endpoints.events(None, endpoint.id, 2)}
    assert states == {changed.id: "waiting", other.id: "taken"}


def test_of_a_message_its_app_is_told_what_became_of_it(service: Service, events: Events) -> None:
    events.add()
    message = Texting(service).sent(text="Your parcel comes today.")
    receipts.move_forward(service.db, f"{message.id}.1", ReceiptKind.DELIVERED, service.clock())
    events.work()
    assert events.app.types == ["message.created", "message.sent", "message.delivered"]
    assert {each.event["data"]["channel"] for each in events.app.told} == {"message"}
    assert "parcel" not in "".join(each.body.decode() for each in events.app.told)


def test_what_a_person_texts_is_told_with_its_words(service: Service, events: Events) -> None:
    events.add("shop", URL, "reply.received", "number.opted_out", "number.opted_in", "number.reported")
    service.sent()
    taking = Replies(service.db, service.keyring, REPLY_LANGUAGES, 3600, NO_OUTBOX)
    for text in ("who are you?", "Not me!", "STOP", "START"):
        service.clock.move(1)
        taking.take("obedient", Reply(NUMBER, text, None, service.clock(), text), service.clock())
    events.work()
    assert [(each.event["type"], each.event["data"]["text"]) for each in events.app.told] == [
        ("reply.received", "who are you?"),
        ("number.reported", "Not me!"),
        ("number.opted_out", "STOP"),
        ("number.opted_in", "START"),
    ]
