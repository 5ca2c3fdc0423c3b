"""The page of an app's endpoint, and what an operator does there."""

import pytest

from otp_worker.store import audit
from tests.api.console.visitor import Visitor
from tests.api.service import Service
from tests.contract.operations.events import URL, Events, answered


@pytest.fixture
def events(service: Service) -> Events:
    return Events(service)


def test_an_endpoint_is_listed_with_how_it_fares_and_its_events(
    operator: Visitor, service: Service, events: Events
) -> None:
    endpoint, _ = events.add()
    page = f"/endpoints/{endpoint.id}"
    assert "Endpoints of apps" in operator.get("/webhooks").text
    assert "There was nothing to tell yet." in operator.get(page).text
    sent = service.issue()
    events.app.answers[URL] = answered(503)
    events.work()
    shown = operator.get(page).text
    assert "takes nothing" in shown
    assert "verification.created" in shown
    assert "503" in shown
    assert f"/verifications/{sent.id}" in shown
    assert page in operator.get("/webhooks").text
    events.app.answers[URL] = answered(410)
    service.clock.move(600)
    events.work()
    assert "disabled: the endpoint answered 410" in operator.get(page).text


@pytest.mark.parametrize(
    ("act", "action", "said"),
    [
        ("test", "test an endpoint", "A test is posted now."),
        ("disable", "disable an endpoint", "It is told of nothing more."),
        ("enable", "enable an endpoint", "It is told of events again."),
        ("replay", "replay events", "It is being told what it missed within the last day."),
    ],
)
def test_it_asks_first_does_it_and_writes_it_down(
    operator: Visitor, service: Service, events: Events, act: str, action: str, said: str
) -> None:
    endpoint, _ = events.add()
    if act == "enable":
        events.endpoints.change("shop", endpoint.id, {"disabled": True})
    page = f"/endpoints/{endpoint.id}"
    assert f"{page}/{act}" in operator.get(page).text
    service.clock.move(1)
    assert said in operator.act(f"{page}/{act}").text
    entry = audit.newest(service.db, 1)[0]
    assert (entry.login, entry.action, entry.subject, entry.outcome) == ("ann", action, endpoint.id, said)
    found = events.endpoints.find(None, endpoint.id)
    assert (found.disabled_at is not None) is (act == "disable")
    assert (found.replay_since is not None) is (act == "replay")
    assert len(events.endpoints.events(None, endpoint.id, 5)) == (act == "test")


def test_an_event_is_sent_again(operator: Visitor, service: Service, events: Events) -> None:
    endpoint, _ = events.add()
    service.issue()
    events.work()
    (event,) = events.endpoints.events(None, endpoint.id, 5)
    assert "It is posted now." in operator.act(f"/endpoints/{endpoint.id}/events/{event.id}/again").text
    events.work()
    assert [each.id for each in events.app.told] == [event.id] * 2


@pytest.mark.parametrize("path", ["ep_1", "%00", "ep_1/test", "ep_1/events/evt_1/again"])
def test_an_endpoint_that_there_is_not_is_a_404(operator: Visitor, path: str) -> None:
    assert operator.get(f"/endpoints/{path}").status_code == 404


def test_a_page_that_there_is_not_is_a_404(operator: Visitor, events: Events) -> None:
    endpoint, _ = events.add()
    assert operator.get(f"/endpoints/{endpoint.id}/explode").status_code == 404
