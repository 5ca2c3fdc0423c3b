"""Faults by name: one at a time, for a while or for the next few sends, and shown while they stand."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from otp_worker.devtools.simulator import Knobs, Simulator
from otp_worker.devtools.simulator import scenarios as scenarios_module
from otp_worker.devtools.simulator.exchange import ValidationError
from otp_worker.devtools.simulator.knobs import KINDS, LASTING
from otp_worker.devtools.simulator.scenarios import SCENARIOS, Scenarios
from tests.devtools.simulator.conftest import Clock
from tests.devtools.simulator.rehearsal import NUMBER, Client, ListeningApp
from tests.devtools.simulator.test_simulator_feed import following, until


def present(client: Client) -> Any:
    return client.control("GET", "/sim/scenario").json()


def test_a_knob_falls_back_when_its_time_is_over(clock: Clock) -> None:
    knobs = Knobs(clock=clock)
    knobs.set(offline=True, for_seconds=30)
    clock.pass_by(29.9)
    assert knobs.now.offline
    assert knobs.for_request().offline
    assert knobs.as_dict()["until"] == {"offline": "2026-01-02T12:00:30.000Z"}
    clock.pass_by(0.1)
    assert not knobs.now.offline
    assert not knobs.for_request().offline
    assert knobs.as_dict()["until"] == {}


def test_setting_a_knob_again_lifts_its_time(clock: Clock) -> None:
    knobs = Knobs(clock=clock)
    knobs.set(offline=True, for_seconds=30)
    knobs.set(offline=True)
    clock.pass_by(31)
    assert knobs.now.offline


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"offline": True, "for_seconds": 0}, "for_seconds"),
        ({"offline": True, "for_seconds": 3601}, "for_seconds"),
        ({"offline": True, "for_seconds": True}, "for_seconds"),
        ({"offline": True, "for_seconds": "30"}, "for_seconds"),
        ({"offline": True, "for_seconds": 5, "next": 1}, "next"),
        ({"silent": True, "next": 1}, "silent"),
        ({"battery_percent": 101}, "battery_percent"),
    ],
)
def test_a_wrong_limit_is_named_and_nothing_changes(changes: dict[str, object], named: str) -> None:
    knobs = Knobs()
    with pytest.raises(ValidationError) as refused:
        knobs.set(**changes)
    assert [issue.field for issue in refused.value.issues] == [named]
    assert knobs == Knobs()


def test_any_number_can_be_refused() -> None:
    assert Knobs(refuse=("*",)).refuses(NUMBER)
    assert Knobs(refuse=("+44 7700 900123",)).refuses(NUMBER)
    assert not Knobs(refuse=("+447700900124",)).refuses(NUMBER)


def test_every_fault_can_be_started_by_name_and_is_shown(client: Client, simulator: Simulator) -> None:
    listed = client.control("GET", "/sim/scenarios").json()["scenarios"]
    assert [each["name"] for each in listed] == list(SCENARIOS)
    for name, scenario in SCENARIOS.items():
        started = client.control("PUT", "/sim/scenario", {"name": name}).json()
        assert started == present(client)
        assert started["by_hand"] == {}
        assert started["scenario"]["name"] == name
        assert started["scenario"]["next"] == scenario.next
        assert (started["scenario"]["until"] is None) == (scenario.seconds is None)
        turned = {knob for knob in KINDS if getattr(simulator.knobs, knob) != getattr(Knobs(), knob)}
        assert turned <= set(scenario.knobs)
        assert turned
    assert client.control("DELETE", "/sim/scenario").json() == {"scenario": None, "by_hand": {}}
    assert simulator.knobs == Knobs()


def test_no_fault_of_the_gateway_is_without_a_scenario() -> None:
    offered = {knob for scenario in SCENARIOS.values() for knob in scenario.knobs}
    # To take a reference once is no fault, and where a redirect leads is for a person to say.
    assert set(KINDS) - offered == {"dedupe", "redirect"}


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("offline", [503, 503]),
        ("refuse", [400, 202]),
        ("throttle", [429, 202]),
        ("server_error", [500, 500, 202]),
        ("suspended", [403, 403]),
        ("malformed", [202, 202]),
    ],
)
def test_a_scenario_does_what_it_says(client: Client, name: str, statuses: list[int]) -> None:
    # A busy machine may take longer than a scenario usually lasts.
    limit = {"until_cleared": True} if SCENARIOS[name].seconds else {}
    client.control("PUT", "/sim/scenario", {"name": name, **limit})
    assert [client.send().status_code for _ in statuses] == statuses


def test_a_scenario_is_over_when_its_sends_are_used_up(client: Client) -> None:
    client.control("PUT", "/sim/scenario", {"name": "throttle", "next": 2})
    assert present(client)["scenario"]["next"] == 2
    client.send()
    assert present(client)["scenario"]["next"] == 1
    client.send()
    assert present(client) == {"scenario": None, "by_hand": {}}


def test_a_scenario_is_over_when_its_time_is(timed: Simulator, clock: Clock) -> None:
    timed.scenarios.start({"name": "drip", "seconds": 9})
    clock.pass_by(8)
    shown = timed.scenarios.as_dict()["scenario"]
    assert isinstance(shown, dict)
    assert (shown["since"], shown["until"]) == ("2026-01-02T12:00:00.000Z", "2026-01-02T12:00:09.000Z")
    clock.pass_by(1)
    assert timed.scenarios.as_dict()["scenario"] is None


def test_the_next_scenario_ends_the_present_one_and_leaves_what_was_turned_by_hand(client: Client) -> None:
    client.control("PATCH", "/sim/knobs", {"slow_seconds": 0.01})
    client.control("PUT", "/sim/scenario", {"name": "offline", "until_cleared": True})
    client.control("PUT", "/sim/scenario", {"name": "undelivered"})
    standing = present(client)
    assert standing["scenario"]["name"] == "undelivered"
    assert standing["by_hand"] == {"slow_seconds": 0.01}
    assert client.send().status_code == 202
    assert present(client)["scenario"] is None


def test_its_knobs_can_be_set_otherwise(client: Client) -> None:
    asked = {"name": "throttle", "knobs": {"retry_after_seconds": 9}}
    client.control("PUT", "/sim/scenario", asked)
    assert client.send().headers["Retry-After"] == "9"


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"name": "ofline"}, "name"),
        ({"name": ["offline"]}, "name"),
        ({}, "name"),
        ({"name": "hang", "for": 3}, "for"),
        ({"name": "hang", "seconds": 3, "next": 1}, "next"),
        ({"name": "hang", "until_cleared": False}, "until_cleared"),
        ({"name": "hang", "knobs": {"drip": True}}, "drip"),
        ({"name": "hang", "knobs": []}, "knobs"),
        ({"name": "hang", "next": 0}, "next"),
        ({"name": "silent", "next": 1}, "silent"),
    ],
)
def test_what_is_wrong_with_a_scenario_is_named_and_the_present_one_stays(
    client: Client, asked: dict[str, object], named: str
) -> None:
    client.control("PUT", "/sim/scenario", {"name": "offline"})
    before = present(client)
    answer = client.control("PUT", "/sim/scenario", asked)
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == [[named]]
    assert present(client) == before


def test_states_of_the_phone_are_not_counted_in_sends() -> None:
    for scenario in SCENARIOS.values():
        limits = scenario.as_dict()["limits"]
        assert isinstance(limits, list)
        assert ("next" in limits) != bool(LASTING & set(scenario.knobs))


def test_a_scenario_that_somebody_undid_by_hand_is_over() -> None:
    knobs = Knobs()
    scenarios = Scenarios(knobs)
    scenarios.start({"name": "offline"})
    knobs.offline = False
    assert scenarios.as_dict() == {"scenario": None, "by_hand": {}}


def test_a_silent_phone_takes_everything_and_sends_it_when_it_is_back(
    client: Client, simulator: Simulator, app: ListeningApp
) -> None:
    simulator.scenarios.start({"name": "silent", "seconds": 60})
    assert client.send(callback=app.url).status_code == 202
    (message,) = simulator.messages
    assert message.sent_at is None
    (waiting,) = client.control("GET", "/sim/waiting").json()["waiting"]
    scenario = present(client)["scenario"]
    assert waiting == {
        "what": "sms",
        "number": NUMBER,
        "detail": "",
        "why": "the phone is away",
        "until": scenario["until"],
    }
    simulator.scenarios.clear()
    simulator.messages.wait_for(lambda each: len(each.receipts) == 2)
    assert client.control("GET", "/sim/waiting").json() == {"waiting": []}


def test_a_late_receipt_waits_and_says_until_when(
    client: Client, simulator: Simulator, app: ListeningApp
) -> None:
    simulator.scenarios.start({"name": "late_receipt", "knobs": {"receipt_delay_seconds": 0.2}})
    client.send(callback=app.url)
    (message,) = simulator.messages
    assert message.sent_at is not None
    (waiting,) = client.control("GET", "/sim/waiting").json()["waiting"]
    assert (waiting["what"], waiting["number"], waiting["why"]) == ("receipt", NUMBER, "receipts are late")
    app.wait_for(2)
    simulator.messages.wait_for(lambda each: len(each.receipts) == 2)
    assert (message.receipts[0].posted_at - message.sent_at).total_seconds() >= 0.2


def test_a_receipt_that_the_app_refuses_waits_for_its_repetition(
    client: Client, simulator: Simulator, app: ListeningApp
) -> None:
    app.answers = [500, 500, 500]
    with following(simulator) as events:
        client.send(callback=app.url)
        while not (waits := until(events, "state")["waiting"]):
            pass
    (waiting,) = waits
    assert (waiting["what"], waiting["detail"]) == ("receipt", "sent")
    assert waiting["why"] == "the app answered 500"
    assert waiting["until"].endswith("Z")


def test_an_sms_that_failed_is_told(client: Client, app: ListeningApp, simulator: Simulator) -> None:
    simulator.scenarios.start({"name": "undelivered"})
    client.send(callback=app.url)
    message = simulator.messages.wait_for(lambda each: len(each.receipts) == 2)
    assert [receipt.status for receipt in message.receipts] == ["sent", "failed"]


def test_the_next_hang_is_one(client: Client, simulator: Simulator) -> None:
    simulator.scenarios.start({"name": "hang"})
    with pytest.raises(requests.ReadTimeout):
        client.send(timeout=0.2)
    simulator.messages.wait_for(lambda _: True)
    assert client.send().status_code == 202


def test_the_documented_faults_are_those_there_are() -> None:
    document = (Path(scenarios_module.__file__).parent / "README.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", document, re.MULTILINE))
    usual = {
        name: f"next {each.next}" if each.next else f"{each.seconds} s" for name, each in SCENARIOS.items()
    }
    assert rows == usual
