"""The adapter for gateways described by configuration, against one that no vendor has, and against a stub."""

import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from otp_worker.devtools.simulator import Simulator
from otp_worker.devtools.simulator.profiles import http_json as profile
from otp_worker.domain.gateway import Capabilities, Gateway, Message, OutcomeKind
from tests.contract.gateways.adapter import CODE_TEXT, NUMBER, REFERENCE, SIM_NUMBER, Row, json_of, message
from tests.contract.gateways.http_json_callbacks import HttpJsonCallbacks, described
from tests.contract.gateways.stub import Stub, answer

DESCRIBED = tomllib.loads((profile.__doc__ or "").partition("::\n")[2])
"""How the simulated gateway describes itself; where it is, the tests say."""
del DESCRIBED["url"], DESCRIBED["probe_url"]

TAKEN = {"result": {"messages": [{"id": "m-1"}]}}


class TestHttpJson(HttpJsonCallbacks):
    kind = "http_json"
    account: ClassVar[dict[str, Any]] = DESCRIBED
    table: ClassVar[Sequence[Row]] = (
        (201, TAKEN, OutcomeKind.ACCEPTED, False),
        (202, {"result": {"messages": [{"id": 17}]}}, OutcomeKind.ACCEPTED, False),
        (200, {"result": {"messages": []}}, OutcomeKind.UNCERTAIN, False),
        (200, {"result": {"messages": [{"id": True}]}}, OutcomeKind.UNCERTAIN, False),
        (200, {"result": {"messages": [{"id": ""}]}}, OutcomeKind.UNCERTAIN, False),
        (200, ["m-1"], OutcomeKind.UNCERTAIN, False),
        (200, "OK", OutcomeKind.UNCERTAIN, False),
        (204, None, OutcomeKind.UNCERTAIN, False),
        (400, {"problem": {"code": "wrong_number"}}, OutcomeKind.REFUSED, False),
        (401, None, OutcomeKind.MISCONFIGURED, True),
        (402, None, OutcomeKind.MISCONFIGURED, True),
        (403, None, OutcomeKind.MISCONFIGURED, True),
        (404, None, OutcomeKind.MISCONFIGURED, True),
        (409, None, OutcomeKind.REFUSED, False),
        (418, None, OutcomeKind.MISCONFIGURED, True),
        (420, None, OutcomeKind.THROTTLED, False),
        (422, None, OutcomeKind.REFUSED, False),
        (424, None, OutcomeKind.UNAVAILABLE, False),
        (429, None, OutcomeKind.THROTTLED, False),
        (500, None, OutcomeKind.UNCERTAIN, False),
        (502, None, OutcomeKind.UNCERTAIN, False),
        (503, None, OutcomeKind.UNAVAILABLE, False),
        (504, None, OutcomeKind.UNCERTAIN, False),
    )

    def open(self, url: str, key: str | None = None, **fields: Any) -> Gateway:
        """The adapter; this vendor's two addresses lie under its base."""
        return super().open(f"{url}/sms", key, **{"probe_url": f"{url}/account", **fields})

    def asked(self, stub: Stub, message: Message, **fields: Any) -> Any:
        """The body of the POST for this message."""
        stub.answers.append(answer(200, TAKEN))
        assert self.open(stub.url, **fields).send(message).kind is OutcomeKind.ACCEPTED
        return json_of(stub.requests[-1])

    def test_it_can_do_what_is_described(self, gateway: Gateway) -> None:
        assert gateway.capabilities == Capabilities(ttl=True, push=True, signature=True, sim_choice=True)
        assert described().open("tried").capabilities == Capabilities()

    def test_the_request_is_what_is_described(self, stub: Stub) -> None:
        asked = self.asked(stub, message(callback_url="http://127.0.0.1/cb", slot="2"))
        head = stub.requests[-1].partition(b"\r\n\r\n")[0]
        assert head.splitlines()[0] == b"POST /v1/sms HTTP/1.1"
        assert f"X-Api-Key: {self.key}".encode() in head
        assert b"Content-Type: application/json" in head
        assert asked == {
            "messages": [{"number": NUMBER, "content": CODE_TEXT, "ref": REFERENCE}],
            "hook": "http://127.0.0.1/cb",
            "device": {"number": SIM_NUMBER, "slot": "2"},
            "expires_in": 300,
        }

    def test_what_has_no_value_is_left_out(self, stub: Stub) -> None:
        asked = self.asked(stub, Message(NUMBER, CODE_TEXT, REFERENCE, None, 0.4, 5.0))
        assert (asked.keys(), asked["device"]) == ({"messages", "device", "expires_in"}, {})
        assert asked["expires_in"] == 1

    def test_a_placeholder_inside_a_text_is_filled_there(self, stub: Stub) -> None:
        body = ["{to}", "{text}", "ttl={life_seconds}s", "sim {slot}", 7, True, {"x": ["{sender}", "{slot}"]}]
        asked = self.asked(stub, message(life_seconds=61.9), body=body)
        assert asked == [NUMBER, CODE_TEXT, "ttl=61s", 7, True, {"x": [SIM_NUMBER]}]

    @given(text=st.text(), reference=st.text())
    def test_no_text_can_change_the_shape_of_the_request(self, text: str, reference: str) -> None:
        with Stub() as stub:
            hostile = Message(NUMBER, text, reference, None, 300.0, 5.0)
            asked = self.asked(stub, hostile, body={"a": "{to}", "b": "say: {text}", "c": "{reference}"})
        assert asked == {"a": NUMBER, "b": f"say: {text}", "c": reference}

    def test_a_text_with_braces_is_only_a_text(self, stub: Stub) -> None:
        text = '{to} {reference} {key} {unknown} "quoted" {{'
        braced = Message(NUMBER, text, REFERENCE, None, 300.0, 5.0)
        assert self.asked(stub, braced)["messages"][0]["content"] == text
        assert self.asked(stub, braced, body=["{to}: {text}"]) == [f"{NUMBER}: {text}"]

    def test_without_a_path_to_an_id_the_status_alone_counts(self, stub: Stub) -> None:
        stub.answers.append(answer(202, "queued"))
        outcome = described(url=stub.url).open("tried").send(message())
        assert (outcome.kind, outcome.message_id) == (OutcomeKind.ACCEPTED, None)

    def test_a_listed_status_means_what_the_account_says(self, stub: Stub) -> None:
        gateway = described(
            url=stub.url, accepted=[226], refused=[401, 503], unavailable=[429, 200], throttled=[500]
        ).open("tried")
        for status, kind, alarm in (
            (226, OutcomeKind.ACCEPTED, False),
            (202, OutcomeKind.UNCERTAIN, False),
            (401, OutcomeKind.REFUSED, False),
            (503, OutcomeKind.REFUSED, False),
            (429, OutcomeKind.UNAVAILABLE, False),
            (200, OutcomeKind.UNAVAILABLE, False),
            (500, OutcomeKind.THROTTLED, False),
            (403, OutcomeKind.MISCONFIGURED, True),
        ):
            stub.answers.append(answer(status, None))
            outcome = gateway.send(message())
            assert (outcome.kind, outcome.alarm) == (kind, alarm), status

    def test_throttling_carries_the_time_to_wait(self, phone: Simulator, gateway: Gateway) -> None:
        phone.knobs.set(throttle=True)
        phone.knobs.set(retry_after_seconds=7)
        assert gateway.send(message()).retry_after_seconds == 7.0

    def test_without_an_address_to_ask_nothing_is_said_of_the_key(self, stub: Stub) -> None:
        outcome = described(url=stub.url).open("tried").probe()
        assert (outcome.kind, stub.requests) == (OutcomeKind.UNCERTAIN, [])
        assert "probe_url" in outcome.reason

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"url": "gateway.invalid"}, ("url", "http://")),
            ({"probe_url": "http://"}, ("probe_url", "http://")),
            ({"body": {"a": "{to}"}}, ("body", "{text} is missing")),
            ({"body": {"a": "{text}", "{to}": 1}}, ("body", "{to} is missing")),
            ({"body": {"a": "{to} {text} {number}"}}, ("body", "{number} is no placeholder", "{slot}")),
            ({"body": {"a": "{to} {text} {}"}}, ("body", "{} is no placeholder")),
            ({"body": "{to} {text}"}, ("body",)),
            ({"body": {"a": "{to} {text}", "at": datetime(2026, 3, 1, tzinfo=UTC)}}, ("body", "JSON")),
            ({"headers": {"X-Key": "Bearer {secret}"}}, ("headers", "X-Key", "{key}")),
            ({"headers": {"X Key": "{key}"}}, ("headers", "X Key")),
            ({"headers": {"X-Key": "{key}\r\nX-Other: 1"}}, ("headers", "X-Key")),
            ({"headers": {"X-Key": "{key}"}, "key": "naïve"}, ("headers", "X-Key", "key")),
            ({"message_id": "data..id"}, ("message_id", "dots")),
            ({"accepted": []}, ("accepted",)),
            ({"accepted": [99]}, ("accepted",)),
            ({"refused": [202]}, ("accepted and refused both list 202",)),
            ({"unavailable": [429], "throttled": [429]}, ("unavailable and throttled both list 429",)),
            ({"receipt_id": "id"}, ("receipt_status",)),
            ({"delivered": ["ok"]}, ("receipt_status",)),
            ({"receipt_status": "s"}, ("receipt_status", "delivered")),
            ({"receipt_status": "s", "sent": ["ok"]}, ("receipt_status", "{callback_url}")),
            ({"receipt_status": "s", "sent": ["ok"], "receipt_id": "id"}, ("receipt_status", "message_id")),
            (
                {"receipt_status": "s", "sent": ["ok"], "delivered": [" OK"]},
                ("sent and delivered both list ok",),
            ),
            ({"receipt_status": "s", "sent": [" "]}, ("sent",)),
            ({"reply_from": "f", "reply_text": "t"}, ("reply_at",)),
            ({"reply_id": "i"}, ("reply_from",)),
            ({"webhook_secret": "looking"}, ("signature_header", "webhook_secret")),
            ({"signature_prefix": "sha256="}, ("signature_header", "signature_prefix")),
            ({"signature_header": "X Sign"}, ("signature_header",)),
            ({"mesage_id": "id"}, ("mesage_id", "not permitted")),
        ],
        ids=repr,
    )
    def test_a_bad_account_names_the_field_and_the_fix(
        self, fields: dict[str, Any], named: tuple[str, ...]
    ) -> None:
        with pytest.raises(ValidationError) as caught:
            described(**fields)
        said = str(caught.value)
        assert all(word in said for word in named), said
        assert not any(secret in said for secret in ("looking", "naïve", "Bearer"))

    @pytest.mark.parametrize(
        "fields",
        [
            {"receipt_id": "id", "message_id": "id"},
            {"receipt_reference": "ref", "body": {"a": "{to} {text} {reference}"}},
            {"body": {"a": "{to} {text}", "b": {"c": ["{callback_url}"]}}},
        ],
        ids=repr,
    )
    def test_a_receipt_may_be_told_by_its_id_its_reference_or_its_address(
        self, fields: dict[str, Any]
    ) -> None:
        assert described(receipt_status="s", sent=["ok"], **fields).open("tried").capabilities.push

    def test_a_key_that_a_header_holds_is_shown_nowhere(self) -> None:
        shown = described(key="looking", headers={"X-Key": "looking {key}"})
        assert "looking" not in repr(shown) + str(shown) + repr(shown.open("tried"))
