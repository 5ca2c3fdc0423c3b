"""A code that an app gives in its send: what the API takes, answers and keeps."""

import pytest

from tests.api.client import Caller, problem
from tests.api.service import Service

CODE = "402853"


@pytest.fixture
def giver(admin: Caller, shop: Caller, service: Service) -> Caller:
    """An app that may give codes, beside workers that can open them."""
    service.announce_seal_keys()
    allowed = admin.simulate_patch("/v1/admin/apps/shop", json={"custom_codes": True})
    assert allowed.json["custom_codes"] is True
    return shop


def test_a_code_of_the_apps_own_is_what_is_sent_and_checked(giver: Caller, service: Service) -> None:
    sent = giver.sent(code=CODE)
    service.deliver_queued()
    assert service.gateway.codes == [CODE]
    assert giver.check(sent, CODE).json["valid"]


def test_it_is_in_no_answer_and_nowhere_in_the_files(giver: Caller, service: Service) -> None:
    headers = {"Idempotency-Key": "sign-in-1016"}
    answer = giver.simulate_post(
        "/v1/verifications", json={"to": "+447400123456", "code": CODE}, headers=headers
    )
    service.deliver_queued()
    assert CODE not in answer.text
    assert CODE not in giver.read(answer.json["id"]).text
    assert CODE.encode() not in service.db_bytes()


def test_an_idempotency_key_covers_the_code(giver: Caller) -> None:
    def ask(code: str) -> tuple[int, str]:
        headers = {"Idempotency-Key": "sign-in-1017"}
        answer = giver.simulate_post(
            "/v1/verifications", json={"to": "+447400123456", "code": code}, headers=headers
        )
        return answer.status_code, answer.text

    first = ask(CODE)
    assert first[0] == 202
    assert ask(CODE) == first
    status, text = ask("111111")
    assert status == 422
    assert "was used for another request" in text


@pytest.mark.parametrize(
    "code", ["123", "12345678901", "12 34 56", "١٢٣٤٥٦", "12345a", "", 123456, None, ["123456"]]
)
def test_what_is_no_code_is_refused_and_not_repeated(giver: Caller, code: object) -> None:
    if code is None:
        assert giver.send(code=code).status_code == 202
        return
    refused = giver.send(code=code)
    assert problem(refused) == (422, "invalid_field")
    assert [error["field"] for error in refused.json["errors"]] == ["code"]


def test_an_app_may_not_unless_it_is_set(shop: Caller) -> None:
    refused = shop.send(code=CODE)
    assert problem(refused) == (422, "invalid_field")
    assert "custom_codes" in refused.json["errors"][0]["detail"]


def test_it_is_not_for_what_the_person_texts(giver: Caller) -> None:
    refused = giver.send(code=CODE, channel="inbound")
    assert refused.json["errors"][0]["field"] == "code"


def test_without_a_worker_that_can_open_it_the_variable_is_named(admin: Caller, shop: Caller) -> None:
    admin.simulate_patch("/v1/admin/apps/shop", json={"custom_codes": True})
    refused = shop.send(code=CODE)
    assert problem(refused) == (503, "sealing_unavailable")
    assert "No worker of this version" in refused.json["detail"]
