"""Whatever is sent: thousands of generated requests to each operation, of the right kind and of the wrong."""

from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from falcon import App
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from otp_worker.domain.hook import Hook, HookAuth
from otp_worker.store.database import insert_missing
from otp_worker.store.schema import number_guards
from tests.api.client import Caller
from tests.api.contract import document
from tests.api.entry.person import BACK, approve, made, open_shop
from tests.api.service import Service
from tests.contract.service import NUMBER

CASES, CASES_AT_NIGHT = 540, 700
HOOK = "known"
ENDPOINTS, ENDPOINT_URL = "/v1/webhook-endpoints", "https://shop.example/otp-events"
TEMPLATE = "/v1/admin/apps/shop/templates/door"
RULES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    pytest.param(path, method, mode, id=f"{method} {path} {mode.value}")
    for path, methods in document()["paths"].items()
    if path.startswith("/v1/")
    for method in methods
    for mode in GenerationMode
]


def test_there_are_ten_thousand_of_them() -> None:
    assert len(OPERATIONS) * CASES >= 10_000


@pytest.fixture
def known(app: "App[Any, Any]", service: Service, sent: str) -> dict[str, str]:
    """What there is, by the names that paths have for it."""
    service.announce_seal_keys()
    operator = Caller(app, service.admin_key("shop"))
    texted = operator.simulate_post("/v1/messages", json={"to": NUMBER, "text": "Your table is ready"})
    assert texted.status_code == 202, texted.text
    defined = operator.simulate_put(TEMPLATE, json={"texts": {"en": "{code} opens the door"}})
    assert defined.status_code in (200, 201), defined.text
    open_shop(service)
    link = made(operator)
    endpoint = operator.simulate_post(ENDPOINTS, json={"url": ENDPOINT_URL}).json["id"]
    return {
        "endpoint_id": endpoint,
        "event_id": operator.simulate_post(f"{ENDPOINTS}/{endpoint}/test").json["id"],
        "link_id": link["id"],
        "result": approve(service, link["id"]),
        "verification_id": sent,
        "message_id": texted.json["id"],
        "app": "shop",
        "template": "door",
        "hook": HOOK,
    }


def make_known(case: Case[Any], known: Mapping[str, str], service: Service) -> None:
    """Put what there is where a request names it, or a number."""
    case.path_parameters |= {name: known[name] for name in case.path_parameters if name in known}
    if "hook" in case.path_parameters:
        case.body = {**(case.body if isinstance(case.body, dict) else {}), "to": NUMBER, "text": "402853"}
    if isinstance(case.body, dict) and "to" in case.body:
        case.body["to"] = NUMBER
        lock(service)
    if isinstance(case.body, dict) and "name" in case.body:
        case.body = {"name": "stall"}
    if isinstance(case.body, dict) and "url" in case.body:
        case.body["url"] = ENDPOINT_URL
    if isinstance(case.body, dict) and "return_url" in case.body:
        case.body["return_url"] = BACK
    if isinstance(case.body, dict) and "result" in case.body:
        case.body["result"] = known["result"]
    if isinstance(case.body, dict) and "target" in case.body:
        case.body["target"] = NUMBER


@pytest.mark.parametrize("cases", [CASES, pytest.param(CASES_AT_NIGHT, marks=pytest.mark.nightly)])
@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_every_request_is_answered_as_the_document_says(
    path: str,
    method: str,
    mode: GenerationMode,
    cases: int,
    app: "App[Any, Any]",
    service: Service,
    known: Mapping[str, str],
) -> None:
    key = key_for_everything(service)
    # Late enough for a resend.
    service.clock.move(31)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    answers: dict[int, int] = {}

    @settings(
        max_examples=cases,
        # The same requests each time: what fails here fails for everybody.
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=schema[path][method].as_strategy(generation_mode=mode), helped=st.booleans())
    def answered(case: Case[Any], helped: bool) -> None:
        # What is generated names nothing that there is and hardly ever a number: half of it is helped to it.
        if helped:
            make_known(case, known, service)
        response = case.call(headers={"Authorization": f"Bearer {key}"})
        answers[response.status_code] = answers.get(response.status_code, 0) + 1
        case.validate_response(response, checks=RULES)

    answered()
    assert sum(answers.values()) >= cases
    # Nothing can be wrong with a look at all there is, and whatever is written can be what a reply came from.
    is_always_right = (path.endswith(("/pauses", "/apps", ENDPOINTS)) and method == "get") or (
        path.endswith("/forget") and mode is GenerationMode.POSITIVE
    )
    assert {status // 100 for status in answers} >= ({2} if is_always_right else {2, 4})


def key_for_everything(service: Service) -> str:
    """A key of the app that sent, which may do everything and is the secret of the hook too."""
    key = service.admin_key("shop")
    service.hooks[HOOK] = Hook(HOOK, "shop", HookAuth.BEARER, (key,), number=("to",), text=("text",))
    return key


def lock(service: Service) -> None:
    """Something to unlock, which locks nobody out."""
    (number_hash,) = service.keyring.number_hashes(NUMBER)
    row = {"number_hash": number_hash, "failed_checks": 0, "updated_at": service.clock()}
    with service.db.write() as connection:
        insert_missing(connection, number_guards, **row)
