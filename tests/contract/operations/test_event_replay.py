"""Secrets that are replaced, events that are sent again, and what was missed."""

from datetime import timedelta

import pytest

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError, NotFoundError
from otp_worker.domain.keyring import Keyring
from otp_worker.store import event_fan_out
from otp_worker.store.step_cursor import LONGEST_TRANSACTION
from tests.contract.operations.events import URL, Events, answered
from tests.contract.service import ROOT_SECRET, START, Service

_BANK = App("bank")


@pytest.fixture
def events(service: Service) -> Events:
    return Events(service)


def test_while_a_secret_is_replaced_both_sign(service: Service, events: Events) -> None:
    endpoint, old = events.add()
    stranger = events.add(url=f"{URL}/other").secret
    new = events.endpoints.rotate("shop", endpoint.id, 60).secret
    service.issue()
    events.work()
    told = next(each for each in events.app.told if each.url == URL)
    assert [told.is_signed_by(each, service) for each in (old, new, stranger)] == [True, True, False]
    service.clock.move(60)
    events.app.told.clear()
    service.issue()
    events.work()
    told = next(each for each in events.app.told if each.url == URL)
    assert [told.is_signed_by(each, service) for each in (old, new)] == [False, True]
    at_once = events.endpoints.rotate("shop", endpoint.id, 0).secret
    events.app.told.clear()
    service.issue()
    events.work()
    told = next(each for each in events.app.told if each.url == URL)
    assert [told.is_signed_by(each, service) for each in (new, at_once)] == [False, True]


def test_a_secret_outlives_the_root_secret_that_kept_it(service: Service, events: Events) -> None:
    endpoint, secret = events.add()
    service.keyring = Keyring(["a newer root secret, long enough", ROOT_SECRET])
    assert events.poster.keep_by_newest_key() == 1
    assert events.poster.keep_by_newest_key() == 0
    service.keyring = Keyring(["a newer root secret, long enough"])
    assert events.endpoints.secrets_of(endpoint.id).text == secret


def test_a_secret_that_cannot_be_read_signs_nothing_and_uses_no_attempt_up(
    service: Service, events: Events
) -> None:
    endpoint, _ = events.add()
    service.issue()
    events.poster.fan_out(service.clock())
    service.keyring = Keyring(["another root secret, long enough"])
    assert events.poster.run(endpoint.id).startswith("its secret cannot be read")
    assert events.app.told == []
    (waiting,) = events.endpoints.events("shop", endpoint.id, 10)
    assert (waiting.state, waiting.attempts) == ("waiting", 0)
    secret = events.endpoints.rotate("shop", endpoint.id).secret
    service.clock.move(60)
    events.work()
    assert events.app.told[0].is_signed_by(secret, service)


def test_no_secret_is_in_the_database(service: Service, events: Events) -> None:
    endpoint, _ = events.add()
    secrets = events.endpoints.secrets_of(endpoint.id)
    with service.db.read() as connection:
        row = connection.exec_driver_sql("SELECT * FROM endpoints").one()
    kept = b"".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
    assert secrets.current not in kept
    assert secrets.text.encode() not in kept


def test_an_event_is_sent_again_under_its_id(service: Service, events: Events) -> None:
    endpoint, _ = events.add()
    service.issue()
    events.work()
    (event,) = events.endpoints.events("shop", endpoint.id, 10)
    assert events.endpoints.send_again("shop", endpoint.id, event.id).state == "waiting"
    events.work()
    assert [each.id for each in events.app.told] == [event.id] * 2
    with pytest.raises(NotFoundError):
        events.endpoints.send_again("bank", endpoint.id, event.id)
    with pytest.raises(NotFoundError):
        events.endpoints.send_again("shop", endpoint.id, "evt_\x00")


def test_an_endpoint_is_told_of_a_test(service: Service, events: Events) -> None:
    endpoint, _ = events.add("shop", URL, "verification.failed")
    test = events.endpoints.test("shop", endpoint.id)
    events.work()
    assert [(each.id, each.event["type"]) for each in events.app.told] == [(test.id, "endpoint.test")]


def test_what_was_missed_since_an_instant_is_told_and_nothing_else(service: Service, events: Events) -> None:
    endpoint, _ = events.add()
    service.issue()
    events.work()
    service.clock.move(600)
    missed_from = service.clock()
    events.endpoints.change("shop", endpoint.id, {"disabled": True})
    missed = [service.issue().id for _ in range(3)]
    service.issue(app=_BANK)
    events.work()
    service.clock.move(1)
    events.endpoints.change("shop", endpoint.id, {"disabled": False})
    taken = service.issue().id
    events.work()
    events.app.told.clear()
    assert events.endpoints.replay("shop", endpoint.id, missed_from).replay_since == missed_from
    events.work()
    assert [each.event["data"]["id"] for each in events.app.told] == missed
    assert taken not in missed
    assert events.endpoints.find("shop", endpoint.id).replay_since is None
    before = {each.id for each in events.app.told}
    events.app.told.clear()
    events.endpoints.replay("shop", endpoint.id, missed_from)
    events.work()
    assert events.app.told == []
    assert before < {each.id for each in events.endpoints.events("shop", endpoint.id, 10)}


def test_what_was_given_up_is_told_under_its_old_id(service: Service, events: Events) -> None:
    endpoint, _ = events.add()
    service.issue()
    events.app.answers[URL] = answered(500)
    events.work()
    with service.db.write() as connection:
        connection.exec_driver_sql("UPDATE endpoint_events SET due_at = NULL, attempts = 10")
    del events.app.answers[URL]
    service.clock.move(600)
    events.endpoints.replay("shop", endpoint.id, START)
    events.work()
    assert len(events.app.told) == 2
    assert len({each.id for each in events.app.told}) == 1


def test_an_endpoint_that_is_made_later_is_told_of_what_was_before_only_by_a_replay(
    service: Service, events: Events
) -> None:
    issued = [service.issue().id for _ in range(3)]
    service.clock.move(3600)
    endpoint, _ = events.add()
    events.work()
    assert events.app.told == []
    events.endpoints.replay("shop", endpoint.id, START)
    events.work()
    events.work()
    assert sorted(each.event["data"]["id"] for each in events.app.told) == sorted(issued)


def test_a_replay_goes_on_where_it_was_batch_by_batch(
    service: Service, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = [service.issue().id for _ in range(20)]
    endpoint, _ = events.add()
    service.clock.move(3600)
    monkeypatch.setattr("otp_worker.store.step_cursor.AT_ONCE", 3)
    monkeypatch.setattr(event_fan_out, "AT_ONCE", 3)
    events.endpoints.replay("shop", endpoint.id, START)
    for _ in range(10):
        events.work()
    assert [each.event["data"]["id"] for each in events.app.told] == issued


def test_an_app_has_so_many_endpoints_at_most(events: Events) -> None:
    for number in range(10):
        events.add(url=f"{URL}/{number}")
    with pytest.raises(InvalidFieldError, match="10 endpoints at most"):
        events.add()


def test_an_endpoint_that_is_removed_takes_its_events_along(service: Service, events: Events) -> None:
    endpoint, _ = events.add()
    service.issue()
    events.poster.fan_out(service.clock())
    with pytest.raises(NotFoundError):
        events.endpoints.remove("bank", endpoint.id)
    events.endpoints.remove("shop", endpoint.id)
    events.work()
    assert events.app.told == []
    assert events.endpoints.all(None) == []


def test_a_step_that_is_committed_late_is_told_of_all_the_same(service: Service, events: Events) -> None:
    if service.db.is_sqlite:
        pytest.skip("SQLite lets in one writer at a time")
    events.add()
    service.issue()
    events.work()
    with service.db.write() as connection:
        connection.exec_driver_sql("SELECT nextval(pg_get_serial_sequence('steps', 'id'))")
        service.issue()
        events.work()
        assert len(events.app.told) == 1
    events.work()
    service.clock.move((LONGEST_TRANSACTION + timedelta(seconds=1)).total_seconds())
    events.work()
    assert len(events.app.told) == 2
