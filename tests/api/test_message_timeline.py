"""What an app is told of what happened to its message."""

from typing import Any

import pytest
from falcon import App

from tests.api.client import Caller, problem
from tests.api.message_caller import MESSAGES, TEXT, ask, texting
from tests.api.service import Service


@pytest.fixture
def shop(app: "App[Any, Any]", service: Service) -> Caller:
    """An app whose key may have texts sent; a worker has said that it can open them."""
    service.announce_seal_keys()
    return texting(app, service)


def test_a_timeline_tells_what_happened_and_nothing_of_the_text(shop: Caller, service: Service) -> None:
    answer = ask(shop)
    before = shop.simulate_get(f"{answer.headers['Location']}/timeline").json
    assert (before["id"], before["status"]) == (answer.json["id"], "pending")
    assert before["cause"] == "Accepted 0.0 s ago: it is sent next."
    service.deliver_queued()
    told = shop.simulate_get(f"{answer.headers['Location']}/timeline").json
    assert told["status"] == "sent"
    assert told["cause"].startswith("Handed over at ")
    assert [each["what"] for each in told["timeline"]] == [
        "the text was given",
        "a worker took it up",
        "it was handed over",
        "the SMS was handed over",
    ]
    assert "obedient" not in str(told)
    assert TEXT not in str(told)


def test_a_timeline_is_its_own_apps(shop: Caller, app: "App[Any, Any]", service: Service) -> None:
    one = ask(shop).headers["Location"]
    other = texting(app, service, "pharmacy")
    assert problem(other.simulate_get(f"{one}/timeline")) == (404, "not_found")
    assert problem(shop.simulate_get(f"{MESSAGES}/{service.issue().id}/timeline")) == (404, "not_found")
    assert shop.simulate_head(f"{one}/timeline").status_code == 200
