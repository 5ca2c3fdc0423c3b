"""The textbee adapter against the simulated phone and against a stub that says what it is told."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from otp_worker.devtools.simulator import Simulator
from otp_worker.devtools.simulator.profiles.textbee import DEVICE
from otp_worker.domain.gateway import Gateway, OutcomeKind, PhoneState, Receipt, ReceiptKind
from otp_worker.gateways.textbee import TextbeeAccount
from tests.contract.gateways.adapter import CODE_TEXT, NUMBER, SECRET, json_of, message, request_of
from tests.contract.gateways.contract import AdapterContract
from tests.contract.gateways.stub import Stub, answer
from tests.devtools.simulator.rehearsal import ListeningApp

BATCH = "65f0000000000000000000aa"
QUEUED = {"success": True, "message": "SMS added to queue for processing", "smsBatchId": BATCH}


def failed(error: str) -> dict[str, object]:
    return {"success": False, "error": error}


def pushed(succeeded: object, failures: object, *codes: str) -> dict[str, Any]:
    """What the push service answered, as firebase-admin has it written as JSON."""
    refused = [{"success": False, "error": {"code": code, "message": "no"}} for code in codes]
    return {"responses": refused, "successCount": succeeded, "failureCount": failures}


def push_failed(*codes: str) -> dict[str, object]:
    """The 400 that wraps the exception with the push service's answer in it."""
    inner = {**failed("Failed to send SMS"), "additionalInfo": pushed(0, len(codes), *codes)}
    thrown = {"response": inner, "status": 400, "message": "Http Exception", "name": "HttpException"}
    return {**failed("Failed to send SMS"), "additionalInfo": thrown}


NOT_REGISTERED = "messaging/registration-token-not-registered"
UNAVAILABLE = "messaging/server-unavailable"
TOO_MANY = "messaging/message-rate-exceeded"
PLAN_LIMIT = {"message": "Daily SMS limit reached", "hasReachedLimit": True, "dailyRemaining": 0}
THROTTLER = {"statusCode": 429, "message": "ThrottlerException: Too Many Requests"}
BANNED = {"message": "Sorry, we cannot process your request at the moment"}


class TestTextbee(AdapterContract):
    kind = "textbee"
    account: ClassVar[dict[str, Any]] = {"device": DEVICE}
    offline_is_certain = False
    table = (
        (201, {"data": QUEUED}, OutcomeKind.ACCEPTED, False),
        (200, {"data": QUEUED}, OutcomeKind.ACCEPTED, False),
        (201, {"data": pushed(1, 0)}, OutcomeKind.ACCEPTED, False),
        (201, {"data": pushed(1, 1, UNAVAILABLE)}, OutcomeKind.UNCERTAIN, False),
        (201, {"data": pushed(0, 1, NOT_REGISTERED)}, OutcomeKind.MISCONFIGURED, True),
        (201, {"data": pushed(0, 1, UNAVAILABLE)}, OutcomeKind.UNCERTAIN, False),
        (201, {"data": pushed(0, 0)}, OutcomeKind.UNCERTAIN, False),
        (201, {"data": pushed("1", 0)}, OutcomeKind.UNCERTAIN, False),
        (201, {"data": pushed(True, 0)}, OutcomeKind.UNCERTAIN, False),
        (201, {"data": pushed(1, None)}, OutcomeKind.UNCERTAIN, False),
        (201, {"data": {"success": True}}, OutcomeKind.UNCERTAIN, False),
        (201, {"data": {"success": True, "smsBatchId": 7}}, OutcomeKind.UNCERTAIN, False),
        (201, {"data": {"success": False, "smsBatchId": BATCH}}, OutcomeKind.UNCERTAIN, False),
        (201, {"data": [BATCH]}, OutcomeKind.UNCERTAIN, False),
        (204, None, OutcomeKind.UNCERTAIN, False),
        (400, failed("Device does not exist or is not enabled"), OutcomeKind.MISCONFIGURED, True),
        (400, {"error": "Invalid device id"}, OutcomeKind.MISCONFIGURED, True),
        (400, {"message": "Please verify your email to continue"}, OutcomeKind.MISCONFIGURED, True),
        (400, failed("Message cannot be blank"), OutcomeKind.REFUSED, False),
        (400, failed("Invalid recipients"), OutcomeKind.REFUSED, False),
        (400, failed("Failed to create SMS batch"), OutcomeKind.UNAVAILABLE, False),
        (400, push_failed(NOT_REGISTERED), OutcomeKind.MISCONFIGURED, True),
        (400, push_failed("messaging/mismatched-credential"), OutcomeKind.MISCONFIGURED, True),
        (400, push_failed(TOO_MANY), OutcomeKind.THROTTLED, False),
        (400, push_failed(UNAVAILABLE), OutcomeKind.UNCERTAIN, False),
        (400, push_failed(NOT_REGISTERED, UNAVAILABLE), OutcomeKind.UNCERTAIN, False),
        (400, push_failed(), OutcomeKind.UNCERTAIN, False),
        (401, {"error": "Unauthorized"}, OutcomeKind.MISCONFIGURED, True),
        (404, {"error": "Device not found"}, OutcomeKind.MISCONFIGURED, True),
        (418, None, OutcomeKind.MISCONFIGURED, True),
        (429, THROTTLER, OutcomeKind.THROTTLED, False),
        (429, PLAN_LIMIT, OutcomeKind.MISCONFIGURED, True),
        (500, BANNED, OutcomeKind.MISCONFIGURED, True),
        (500, failed("Failed to add SMS to queue"), OutcomeKind.UNCERTAIN, False),
        (500, {"statusCode": 500, "message": "Internal server error"}, OutcomeKind.UNCERTAIN, False),
        (502, None, OutcomeKind.UNCERTAIN, False),
        (503, None, OutcomeKind.UNAVAILABLE, False),
        (504, None, OutcomeKind.UNCERTAIN, False),
    )

    def test_the_request_is_what_the_vendor_documents(self, stub: Stub) -> None:
        stub.answers.append(answer(201, {"data": QUEUED}))
        outcome = self.open(stub.url).send(message(callback_url="http://127.0.0.1/cb"))
        assert outcome.message_id == BATCH
        head = stub.requests[0].partition(b"\r\n\r\n")[0]
        assert head.splitlines()[0] == f"POST /v1/gateway/devices/{DEVICE}/send-sms HTTP/1.1".encode()
        assert f"x-api-key: {self.key}".encode() in head
        assert b"Content-Type: application/json" in head
        assert json_of(stub.requests[0]) == {"recipients": [NUMBER], "message": CODE_TEXT}

    def test_a_slot_is_the_subscription_id_of_its_sim(self, stub: Stub) -> None:
        stub.answers.append(answer(201, {"data": QUEUED}))
        self.open(stub.url).send(message(slot="2"))
        assert json_of(stub.requests[0])["simSubscriptionId"] == 2

    @pytest.mark.parametrize("slot", ["", "SIM1", "-1", "1.5", "\u0661", "9" * 5000])
    def test_a_slot_that_is_no_number_is_refused_before_anything_is_asked(
        self, stub: Stub, slot: str
    ) -> None:
        outcome = self.open(stub.url).send(message(slot=slot))
        assert (outcome.kind, outcome.alarm) == (OutcomeKind.MISCONFIGURED, True)
        assert stub.requests == []

    def test_a_push_that_counts_only_names_no_message(self, stub: Stub) -> None:
        stub.answers.append(answer(201, {"data": pushed(1, 0)}))
        assert self.send_to(stub).message_id is None

    @pytest.mark.parametrize("device", [{}, {"device": "phone"}, {"device": "../5f0000000000000000001"}])
    def test_an_account_without_a_device_s_id_is_refused_at_the_start(self, device: dict[str, str]) -> None:
        with pytest.raises(ValidationError, match="device"):
            TextbeeAccount.model_validate({"kind": self.kind, "key": self.key, **device})

    def test_throttling_carries_the_time_to_wait(self, phone: Simulator, gateway: Gateway) -> None:
        phone.knobs.set(throttle=True)
        phone.knobs.set(retry_after_seconds=7)
        assert gateway.send(message()).retry_after_seconds == 7.0

    def test_a_message_for_a_phone_that_is_offline_leaves_when_it_is_back(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        phone.knobs.set(offline=True)
        kept = gateway.send(message()).message_id or ""
        assert gateway.poll(kept) is None
        phone.knobs.set(offline=False)
        phone.messages.wait_for(lambda each: each.sent_at is not None)
        assert gateway.poll(kept) == Receipt(ReceiptKind.DELIVERED, None, kept)

    @pytest.mark.parametrize(
        ("state", "kind"),
        [
            ("pending", None),
            ("dispatched", None),
            ("sent", ReceiptKind.SENT),
            ("delivered", ReceiptKind.DELIVERED),
            ("failed", ReceiptKind.UNDELIVERED),
            ("delivery_failed", None),
            ("unknown", None),
            (["sent"], None),
        ],
    )
    def test_every_state_that_is_polled(self, stub: Stub, state: object, kind: ReceiptKind | None) -> None:
        polled = {"batch": {"_id": BATCH}, "messages": [{"smsBatch": BATCH, "status": state}]}
        stub.answers.append(answer(200, {"data": polled}))
        assert self.open(stub.url).poll(BATCH) == (kind and Receipt(kind, None, BATCH))
        path = f"GET /v1/gateway/devices/{DEVICE}/sms-batch/{BATCH} HTTP/1.1"
        assert stub.requests[0].startswith(path.encode())

    @pytest.mark.parametrize(
        "told",
        [
            {"messages": []},
            {"messages": [{"status": "sent"}, {"status": "failed"}]},
            {"messages": ["sent"]},
            {"messages": {"status": "sent"}},
            [],
        ],
    )
    def test_a_batch_that_is_not_one_sms_says_nothing(self, stub: Stub, told: object) -> None:
        stub.answers.append(answer(200, {"data": told}))
        assert self.open(stub.url).poll(BATCH) is None

    @pytest.mark.parametrize("status", [400, 401, 404, 500])
    def test_a_poll_that_is_not_answered_says_nothing(self, stub: Stub, status: int) -> None:
        sent = {"data": {"messages": [{"status": "sent"}]}}
        stub.answers += [answer(status, sent), None, answer(200, "not JSON")]
        assert [self.open(stub.url).poll(BATCH) for _ in range(3)] == [None] * 3

    def test_an_id_cannot_lead_a_poll_elsewhere(self, stub: Stub) -> None:
        assert self.open(stub.url).poll("../x?y") is None
        path = f"GET /v1/gateway/devices/{DEVICE}/sms-batch/..%2Fx%3Fy HTTP/1.1"
        assert stub.requests[0].startswith(path.encode())

    def test_the_phone_tells_its_battery_and_when_it_was_seen(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        for offline, oldest in ((False, timedelta(minutes=1)), (True, timedelta(hours=3))):
            phone.knobs.set(offline=offline)
            state = gateway.phone_state()
            assert state is not None
            assert state.last_seen_at is not None
            assert datetime.now(UTC) - state.last_seen_at < oldest
            assert (state.online, state.battery_percent) == (None, 80)

    @pytest.mark.parametrize("battery", [None, 80, {"percentage": "80"}, {"percentage": 101}, {}])
    def test_a_battery_that_is_not_told_is_not_made_up(self, stub: Stub, battery: object) -> None:
        stub.answers.append(answer(200, {"data": [{"_id": DEVICE, "batteryInfo": battery}]}))
        assert self.open(stub.url).phone_state() == PhoneState()

    def test_a_phone_that_its_gateway_does_not_tell_of_has_no_state(self, stub: Stub) -> None:
        stub.answers += [None, answer(401, None), answer(200, {"data": [7, {"_id": BATCH}]})]
        assert [self.open(stub.url).phone_state() for _ in range(3)] == [None] * 3

    @pytest.mark.parametrize("phones", [[], [{"_id": BATCH, "enabled": True}], [{"_id": DEVICE}]])
    def test_a_device_that_is_not_there_or_disabled_is_the_operator_s_to_mend(
        self, stub: Stub, phones: list[object]
    ) -> None:
        stub.answers.append(answer(200, {"data": phones}))
        outcome = self.open(stub.url).probe()
        assert (outcome.kind, outcome.alarm) == (OutcomeKind.MISCONFIGURED, True)

    def test_another_device_s_id_is_refused_and_raises_the_alarm(self, phone: Simulator) -> None:
        gateway = self.open(phone.url, device=BATCH)
        outcomes = [gateway.send(message()), gateway.probe()]
        assert [(each.kind, each.alarm) for each in outcomes] == [(OutcomeKind.MISCONFIGURED, True)] * 2

    def test_a_failed_sms_is_posted_as_undelivered(self, phone: Simulator, app: ListeningApp) -> None:
        self.subscribe(phone, app.url)
        gateway = self.open(phone.url, webhook_secret=SECRET)
        phone.knobs.set(receipts=["failed"])
        taken = gateway.send(message()).message_id
        request = request_of(app.wait_for(1)[0])
        assert gateway.read_callback(request) == [Receipt(ReceiptKind.UNDELIVERED, None, taken)]
