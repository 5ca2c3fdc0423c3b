"""The SMSGate adapter against the simulated cloud and against a stub that says what it is told."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from otp_worker.devtools.simulator import Simulator
from otp_worker.devtools.simulator.profiles.smsgate_requests import DEVICE
from otp_worker.domain.gateway import Gateway, OutcomeKind, Receipt, ReceiptKind
from tests.contract.gateways.adapter import CODE_TEXT, NUMBER, REFERENCE, json_of, message, request_of
from tests.contract.gateways.contract import AdapterContract
from tests.contract.gateways.stub import Stub, answer
from tests.devtools.simulator.rehearsal import ListeningApp

LONG = replace(message(), reference="ver_01JZZZZZZZZZZZZZZZZZZZZZZZ.123456789012")
NO_DEVICE = {"message": "failed to select device: record not found"}
OLDER_NO_DEVICE = {"message": "No active device with such ID found"}
TAKEN = {"message": "message with the same ID already exists"}
QUEUE = "failed to enqueue message: queue limits exceeded: "


class TestSmsGate(AdapterContract):
    kind = "smsgate"
    key = "sms:a-long-password"
    wrong_key = "sms:another-password"
    account: ClassVar[dict[str, Any]] = {"device": DEVICE, "active_within_hours": 1}
    table = (
        (202, {"id": REFERENCE, "state": "Pending"}, OutcomeKind.ACCEPTED, False),
        (200, {"id": REFERENCE}, OutcomeKind.ACCEPTED, False),
        (202, {"state": "Pending"}, OutcomeKind.UNCERTAIN, False),
        (202, {"id": 7}, OutcomeKind.UNCERTAIN, False),
        (202, {"id": ""}, OutcomeKind.UNCERTAIN, False),
        (202, [REFERENCE], OutcomeKind.UNCERTAIN, False),
        (204, None, OutcomeKind.UNCERTAIN, False),
        (400, {"message": "failed to validate: ttl"}, OutcomeKind.REFUSED, False),
        (400, {"message": "invalid phone number"}, OutcomeKind.REFUSED, False),
        (400, {"message": "not mobile phone number"}, OutcomeKind.REFUSED, False),
        (400, NO_DEVICE, OutcomeKind.UNAVAILABLE, False),
        (400, OLDER_NO_DEVICE, OutcomeKind.UNAVAILABLE, False),
        (400, {"message": "Invalid device ID"}, OutcomeKind.MISCONFIGURED, True),
        (400, {"message": ["failed to select device"]}, OutcomeKind.REFUSED, False),
        (401, {"message": "Unauthorized"}, OutcomeKind.MISCONFIGURED, True),
        (401, None, OutcomeKind.MISCONFIGURED, True),
        (403, {"message": "scope required: messages:send"}, OutcomeKind.MISCONFIGURED, True),
        (404, {"message": "Cannot POST /messages"}, OutcomeKind.MISCONFIGURED, True),
        (409, TAKEN, OutcomeKind.ACCEPTED, False),
        (409, {"message": "Message with the same ID already exists"}, OutcomeKind.ACCEPTED, False),
        (418, None, OutcomeKind.MISCONFIGURED, True),
        (429, None, OutcomeKind.THROTTLED, False),
        (500, {"message": "failed to handle request"}, OutcomeKind.UNCERTAIN, False),
        (500, NO_DEVICE, OutcomeKind.UNCERTAIN, False),
        (502, None, OutcomeKind.UNCERTAIN, False),
        (503, None, OutcomeKind.UNAVAILABLE, False),
        (503, {"message": QUEUE + "too many pending messages: 9 / 9"}, OutcomeKind.THROTTLED, False),
        (503, {"message": QUEUE + "too many failed messages"}, OutcomeKind.THROTTLED, False),
        (503, {"message": QUEUE + "too old pending message: 2026-03-01"}, OutcomeKind.UNAVAILABLE, False),
        (504, None, OutcomeKind.UNCERTAIN, False),
    )

    def test_the_request_is_what_the_sources_show(self, stub: Stub) -> None:
        stub.answers.append(answer(202, {"id": REFERENCE, "state": "Pending"}))
        outcome = self.open(stub.url).send(message(callback_url="http://127.0.0.1/cb", slot="3"))
        assert outcome.message_id == REFERENCE
        request = stub.requests[0]
        head = request.partition(b"\r\n\r\n")[0]
        assert head.splitlines()[0] == b"POST /v1/messages?deviceActiveWithin=1 HTTP/1.1"
        assert b"Authorization: Basic " + b64encode(self.key.encode()) in head.splitlines()
        assert b"Content-Type: application/json" in head
        assert json_of(request) == {
            "id": REFERENCE,
            "deviceId": DEVICE,
            "textMessage": {"text": CODE_TEXT},
            "phoneNumbers": [NUMBER],
            "simNumber": 3,
            "ttl": 300,
            "priority": 100,
            "withDeliveryReport": True,
        }

    def test_neither_phone_nor_sim_nor_activity_is_named_where_none_is_chosen(self, stub: Stub) -> None:
        stub.answers.append(answer(202, {"id": REFERENCE}))
        self.open(stub.url, device=None, active_within_hours=0).send(message())
        assert stub.requests[0].startswith(b"POST /v1/messages HTTP/1.1\r\n")
        assert json_of(stub.requests[0]).keys().isdisjoint({"deviceId", "simNumber"})

    def test_only_a_pinned_phone_dedupes(self) -> None:
        pinned = self.open("http://gateway.invalid").capabilities
        unpinned = self.open("http://gateway.invalid", device=None).capabilities
        assert (pinned.dedupe, unpinned.dedupe) == (True, False)
        assert (pinned.ttl, pinned.poll, pinned.push) == (unpinned.ttl, unpinned.poll, unpinned.push)

    @pytest.mark.parametrize(("life", "ttl"), [(5.0, 5), (5.99, 5), (299.999, 299)])
    def test_the_life_is_told_in_whole_seconds_and_never_longer(
        self, stub: Stub, life: float, ttl: int
    ) -> None:
        stub.answers.append(answer(202, {"id": REFERENCE}))
        self.open(stub.url).send(message(life_seconds=life))
        assert json_of(stub.requests[0])["ttl"] == ttl

    def test_a_life_too_short_to_be_told_is_refused_and_nothing_is_sent(self, stub: Stub) -> None:
        outcome = self.open(stub.url).send(message(life_seconds=4.99))
        assert (outcome.kind, outcome.alarm, stub.requests) == (OutcomeKind.REFUSED, False, [])

    @pytest.mark.parametrize("slot", ["0", "4", "sim1", "", "\u0661"])
    def test_a_slot_that_no_sim_is_called_is_the_operators_mistake(self, stub: Stub, slot: str) -> None:
        outcome = self.open(stub.url).send(message(slot=slot))
        assert (outcome.kind, outcome.alarm, stub.requests) == (OutcomeKind.MISCONFIGURED, True, [])
        assert "slot" in outcome.reason

    def test_a_reference_too_long_for_an_id_has_one_of_its_own_that_stays(self, stub: Stub) -> None:
        outcomes = []
        for reference in (LONG.reference, LONG.reference, LONG.reference[:-1] + "3"):
            stub.answers.append(answer(409, TAKEN))
            outcomes.append(self.open(stub.url).send(replace(LONG, reference=reference)).message_id)
        sent = [json_of(request)["id"] for request in stub.requests]
        assert sent == outcomes
        assert [len(each) for each in sent] == [36] * 3
        assert sent[0] == sent[1] != sent[2]

    def test_its_poll_then_comes_by_message_id_alone(self, phone: Simulator, gateway: Gateway) -> None:
        message_id = gateway.send(LONG).message_id
        assert message_id
        assert gateway.poll(message_id) == Receipt(ReceiptKind.DELIVERED, None, message_id)

    def test_an_id_that_is_taken_already_is_accepted_under_that_id(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        first, again = gateway.send(message()), gateway.send(message())
        assert first.message_id == again.message_id == REFERENCE
        assert "409" in again.reason

    def test_a_lost_answer_is_repeated_without_a_second_sms(self, phone: Simulator, gateway: Gateway) -> None:
        phone.knobs.set(lose_reply=True, next=1)
        outcomes = [gateway.send(message()).kind for _ in range(2)]
        assert outcomes == [OutcomeKind.UNCERTAIN, OutcomeKind.ACCEPTED]
        assert len(phone.messages) == 1

    def test_a_full_queue_is_throttled_and_one_that_nobody_fetches_is_unavailable(self, stub: Stub) -> None:
        for reason, words in [
            ("too many failed messages", "full"),
            ("too old pending message: 1", "fetches"),
        ]:
            stub.answers.append(answer(503, {"error": "QueueLimitExceeded", "message": QUEUE + reason}))
            assert words in self.send_to(stub).reason

    def test_throttling_carries_the_time_to_wait_where_somebody_names_one(self, stub: Stub) -> None:
        full = json.dumps({"message": QUEUE + "too many failed messages"})
        head = (
            f"HTTP/1.1 503 Told\r\nRetry-After: 7\r\nContent-Length: {len(full)}\r\nConnection: close\r\n\r\n"
        )
        stub.answers.append((head + full).encode())
        assert self.send_to(stub).retry_after_seconds == 7.0

    def test_a_refusal_is_passed_on_to_the_operator_in_words_that_are_known(self, stub: Stub) -> None:
        said = ["Invalid phone number", f"failed to parse phone number: {NUMBER}", f"no way to {NUMBER}"]
        stub.answers += [answer(400, {"message": words}) for words in said]
        reasons = [self.send_to(stub).reason.partition(" (")[2] for _ in said]
        assert reasons == ["invalid phone number)", "failed to parse)", "no error code)"]

    def test_a_server_without_an_activity_filter_keeps_what_it_is_given_for_a_phone_that_is_away(
        self, phone: Simulator
    ) -> None:
        gateway = self.open(phone.url, active_within_hours=0)
        phone.knobs.set(offline=True)
        assert gateway.send(message()).kind is OutcomeKind.ACCEPTED
        assert gateway.poll(REFERENCE) is None
        phone.knobs.set(offline=False)
        phone.messages.wait_for(lambda each: each.sent_at is not None)

    def test_a_failure_after_the_sms_was_sent_is_told_by_receipt_and_by_poll(
        self, phone: Simulator, gateway: Gateway, app: ListeningApp
    ) -> None:
        self.subscribe(phone, app.url)
        phone.knobs.set(receipts=["sent", "failed"])
        gateway.send(message())
        told = [gateway.read_callback(request_of(heard)) for heard in app.wait_for(2)]
        assert [event.kind for events in told for event in events if isinstance(event, Receipt)] == [
            ReceiptKind.SENT,
            ReceiptKind.UNDELIVERED,
        ]
        assert gateway.poll(REFERENCE) == Receipt(ReceiptKind.UNDELIVERED, REFERENCE, REFERENCE)

    def test_the_cloud_tells_when_it_saw_the_phone_last(self, phone: Simulator, gateway: Gateway) -> None:
        state = gateway.phone_state()
        assert state is not None
        assert (state.online, state.battery_percent) == (None, None)
        assert state.last_seen_at is not None
        phone.knobs.set(offline=True)
        later = gateway.phone_state()
        assert later is not None
        assert later.last_seen_at is not None
        assert later.last_seen_at < state.last_seen_at
