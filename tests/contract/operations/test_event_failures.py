"""Endpoints that take nothing: tried again for days, told of, disabled, and no harm to any other."""

from datetime import timedelta

import pytest

from otp_worker.domain.endpoint import DISABLE_AFTER, FAILED, GONE, PAUSE_SECONDS, RETRY_SECONDS, TELL_AFTER
from otp_worker.gateways.client import Answer, BoundedClient
from otp_worker.gateways.exchange import NoAnswerError, NotReachedError
from otp_worker.operations.event_poster import EventPoster
from otp_worker.store import notice_log
from tests.contract.gateways.stub import Stub
from tests.contract.operations.events import URL, Events, answered
from tests.contract.service import Service

OTHER = f"{URL}/other"


@pytest.fixture
def events(service: Service) -> Events:
    return Events(service)


def told_operator(service: Service) -> list[tuple[str, str]]:
    """What the operator is told, the oldest first: the type and the reason."""
    newest = reversed(notice_log.newest(service.db, 10))
    return [(each.type, str(each.data["reason"])) for each in newest]


@pytest.mark.parametrize(
    "answer",
    [answered(500), answered(302), answered(404), NoAnswerError("hangs"), NotReachedError("is away")],
    ids=str,
)
def test_what_is_not_taken_is_tried_again_under_the_same_id(
    service: Service, events: Events, answer: Answer | Exception
) -> None:
    endpoint, secret = events.add()
    service.issue()
    events.app.answers[URL] = answer
    events.work()
    service.clock.move(4)
    events.work()
    assert len(events.app.told) == 1
    del events.app.answers[URL]
    service.clock.move(301)
    events.work()
    first, second = events.app.told
    assert first.id == second.id
    assert first.body == second.body
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert second.is_signed_by(secret, service)
    (logged,) = events.endpoints.events("shop", endpoint.id, 10)
    assert (logged.state, logged.attempts) == ("taken", 2)


def test_an_event_is_tried_ten_times_in_three_days_and_then_its_endpoint_is_disabled(
    service: Service, events: Events
) -> None:
    endpoint, _ = events.add()
    service.issue()
    events.app.answers[URL] = answered(500)
    events.work()
    for seconds in RETRY_SECONDS:
        assert events.endpoints.find("shop", endpoint.id).disabled_at is None
        service.clock.move(max(seconds, PAUSE_SECONDS[-1]))
        events.work()
    assert len(events.app.told) == 10
    found = events.endpoints.find("shop", endpoint.id)
    assert found.disabled_reason == FAILED
    assert events.endpoints.events("shop", endpoint.id, 10)[0].state == "given_up"
    kinds = [kind for kind, _ in told_operator(service)]
    assert kinds == ["endpoint.failing", "endpoint.disabled"]
    assert len(events.notices) == 2


def test_the_operator_is_told_once_of_an_endpoint_that_fails_and_again_when_it_fails_anew(
    service: Service, events: Events
) -> None:
    events.add()
    events.app.answers[URL] = answered(500)
    assert TELL_AFTER < DISABLE_AFTER
    for _ in range(4):
        service.issue()
        events.work()
        service.clock.move(TELL_AFTER.total_seconds() / 2)
    assert [kind for kind, _ in told_operator(service)] == ["endpoint.failing"]
    del events.app.answers[URL]
    events.work()
    events.app.answers[URL] = answered(500)
    for _ in range(3):
        service.issue()
        events.work()
        service.clock.move(TELL_AFTER.total_seconds())
    assert [kind for kind, _ in told_operator(service)] == ["endpoint.failing"] * 2


def test_a_410_disables_the_endpoint_at_once_and_what_waits_is_told_once_it_is_enabled(
    service: Service, events: Events
) -> None:
    endpoint, _ = events.add()
    service.issue()
    events.app.answers[URL] = answered(410)
    events.work()
    found = events.endpoints.find("shop", endpoint.id)
    assert (found.disabled_reason, found.disabled_at) == (GONE, service.clock())
    assert told_operator(service) == [("endpoint.disabled", GONE)]
    del events.app.answers[URL]
    service.clock.move(600)
    service.issue()
    events.work()
    assert len(events.app.told) == 1
    service.clock.move(1)
    events.endpoints.change("shop", endpoint.id, {"disabled": False})
    events.work()
    # What happened meanwhile is for a replay.
    assert len(events.app.told) == 2
    assert events.app.told[0].id == events.app.told[1].id


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (answered(503, Retry_After="90"), 90),
        (answered(429, Retry_After="90"), 90),
        (answered(429), 60),
        (answered(502), 60),
        (answered(504), 60),
        (answered(500), 5),
        (answered(503, Retry_After="9" * 400), 86_400),
    ],
    ids=str,
)
def test_an_endpoint_is_left_alone_for_as_long_as_it_asks(
    service: Service, events: Events, answer: Answer, seconds: int
) -> None:
    events.add()
    service.issue()
    events.app.answers[URL] = answer
    events.work()
    del events.app.answers[URL]
    service.issue()
    service.clock.move(seconds - 1)
    events.work()
    assert len(events.app.told) == 1
    service.clock.move(1)
    events.work()
    assert len(events.app.told) > 1


def test_an_endpoint_that_fails_harms_no_other(service: Service, events: Events) -> None:
    """Also of the same app: each has its own turn, and those that fail are put on the queue apart."""
    failing = [events.add("shop", f"{URL}/{number}").endpoint.id for number in range(9)]
    well, _ = events.add("shop", OTHER)
    for number in range(9):
        events.app.answers[f"{URL}/{number}"] = NoAnswerError("hangs")
    service.issue()
    events.work()
    events.work()
    service.clock.move(600)
    service.issue()
    events.work()
    assert events.queue[0] == well.id
    assert len(set(events.queue[1:]) & set(failing)) == 4
    assert [each.event["type"] for each in events.app.told if each.url == OTHER] == [
        "verification.created"
    ] * 2


def test_an_endpoint_whose_worker_died_is_posted_to_again(service: Service, events: Events) -> None:
    endpoint, _ = events.add()
    service.issue()
    events.poster.fan_out(service.clock())

    def die() -> None:
        raise KeyboardInterrupt

    events.app.before = die
    with pytest.raises(KeyboardInterrupt):
        events.poster.run(endpoint.id)
    events.app.before = lambda: None
    events.work()
    assert events.app.told == []
    service.clock.move(61)
    events.work()
    assert len(events.app.told) == 1


def test_nothing_is_posted_to_a_private_address_whatever_its_name(service: Service, events: Events) -> None:
    with Stub() as inside:
        url = inside.url.replace("127.0.0.1", "localhost")
        endpoint = events.add().endpoint
        with service.db.write() as connection:
            connection.exec_driver_sql(f"UPDATE endpoints SET url = '{url}'")
        service.issue()
        poster = events.poster
        public = EventPoster(
            poster.db, poster.keyring, BoundedClient(public_only=True), poster.outbox, poster.clock
        )
        public.fan_out(service.clock())
        assert public.run(endpoint.id) == "0 taken, then: no answer"
        assert inside.requests == []


def test_the_clock_of_the_machine_that_wrote_an_event_does_not_put_it_off(
    service: Service, events: Events
) -> None:
    endpoint, _ = events.add()
    service.clock.move(3600)
    service.issue()
    events.poster.fan_out(service.clock())
    service.clock.now -= timedelta(seconds=3600)
    assert events.poster.run(endpoint.id) == "1 taken"
