"""What the document shows: an example of everything that goes in and comes out, and how to make each call."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.problem_help import PROBLEMS
from api.reference.examples import ANSWERS, REQUESTS
from api.reference.webhooks import APP, APP_EVENTS, EVENTS
from api.routes import ROUTES
from otp_worker.domain.errors import RequestError
from otp_worker.domain.event import TEST, Event
from tests.api.client import Caller
from tests.api.contract import document, fit, resolve
from tests.api.service import Service

ROOT = Path(__file__).parents[2]
NAMED = {route.name: route for route in ROUTES if route.name}
OPERATIONS = {
    operation["operationId"]: operation
    for methods in document()["paths"].values()
    for operation in methods.values()
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_has_examples_that_fit_it(name: str) -> None:
    for status, response in OPERATIONS[name]["responses"].items():
        for content in response["content"].values():
            assert content["examples"], status
            for example in content["examples"].values():
                fit(content["schema"], example["value"])
                if isinstance(example["value"], dict):
                    assert example["value"].get("status", "") in (int(status), *_words(example["value"]))


def _words(value: dict[str, Any]) -> list[Any]:
    """A verification's status, or none: only a problem has the number."""
    return [] if str(value.get("type", "")).startswith("urn:") else [value.get("status", "")]


@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_has_examples_that_the_service_reads(name: str) -> None:
    (content,) = OPERATIONS[name]["requestBody"]["content"].values()
    assert content["examples"]
    model = NAMED[name].body
    assert model is not None
    for example in content["examples"].values():
        model.model_validate(example["value"])


def test_the_examples_are_those_of_calls_that_there_are() -> None:
    assert ANSWERS.keys() == NAMED.keys()
    assert REQUESTS.keys() == {name for name, route in NAMED.items() if route.body}


def test_who_tries_out_a_send_gets_an_sms_in_english(shop: Caller, service: Service) -> None:
    first = next(
        iter(
            OPERATIONS["sendVerification"]["requestBody"]["content"]["application/json"]["examples"].values()
        )
    )
    shop.sent(**first["value"])
    service.deliver_queued()
    (message,) = service.gateway.messages
    assert message.text.startswith("Your code is ")


def test_an_answer_has_the_fields_of_its_example(shop: Caller) -> None:
    shown = ANSWERS["sendVerification"]["accepted"].model_dump()
    answer = shop.send().json
    assert list(answer) == list(shown)
    # What it is about comes first, and what the app said of it last.
    assert list(answer)[:3] == ["id", "status", "to"]


def _every(kind: type[RequestError]) -> Iterator[type[RequestError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _every(below)


def test_every_problem_of_the_service_is_explained() -> None:
    # Twilio's shape has numbers of its own for its errors.
    ours = [each for each in _every(RequestError) if not each.__module__.startswith("api.twilio")]
    known = {error.problem: error.http_status for error in ours if error.problem}
    assert known.items() <= {code: help.status for code, help in PROBLEMS.items()}.items() | {
        # The base of all too many requests is never raised itself.
        ("bad_request", 429)
    }


def test_every_problem_that_is_documented_leads_to_its_explanation() -> None:
    for operation in OPERATIONS.values():
        for status, response in operation["responses"].items():
            if "application/problem+json" not in response["content"]:
                continue
            links = re.findall(r"\(/docs/problems#(\w+)\)", response["description"])
            assert links
            assert {PROBLEMS[code].status for code in links} == {int(status)}
            # A sentence for a person comes without it.
            assert response["headers"]["Link"]["required"] is ("text/plain" not in response["content"])


def test_every_event_of_the_webhook_is_documented() -> None:
    told = (ROOT / "deploy" / "README.md").read_text()
    rows = re.findall(r"^\| (`[a-z]+\.[a-z_]+`(?:, `[a-z]+\.[a-z_]+`)*) \|", told, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z._]+)`", row)}
    assert named == set(EVENTS)
    assert set(document()["webhooks"]) == {*EVENTS, *(f"{APP}{name}" for name in APP_EVENTS)}


def test_every_event_of_an_endpoint_is_documented() -> None:
    told = (ROOT / "api" / "README.md").read_text().partition("## Events")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([a-z]+\.[a-z_]+)`", told)) == {*Event, TEST}


@pytest.mark.parametrize("name", document()["webhooks"])
def test_an_event_shows_what_is_posted(name: str) -> None:
    operation = document()["webhooks"][name]["post"]
    (content,) = operation["requestBody"]["content"].values()
    schema = resolve(content["schema"]["$ref"])
    assert set(schema["required"]) == content["example"].keys()
    assert content["example"]["type"] == name.removeprefix(APP)
    assert [each["name"] for each in operation["parameters"]] == [
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    ]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_call_is_shown_in_three_languages(name: str) -> None:
    samples = {each["label"]: each["source"] for each in OPERATIONS[name]["x-codeSamples"]}
    assert list(samples) == ["curl", "Python", "Node"]
    ast.parse(samples["Python"])
    for source in samples.values():
        assert "OTP_URL" in source
        assert ("OTP_KEY" in source) is (NAMED[name].scope is not None or "otp_worker.client" in source)
    path = re.findall(r"\$OTP_URL(\S*?)[\"`]", samples["curl"])[0]
    assert "{" not in path
    assert path in samples["Node"]
    method = NAMED[name].method
    assert f" -X {method}" in samples["curl"] or method == ("POST" if NAMED[name].body else "GET")
    body = re.search(r"-d '(.*)'", samples["curl"])
    assert (body is not None) is (NAMED[name].body is not None)
    assert body is None or json.loads(body[1])
