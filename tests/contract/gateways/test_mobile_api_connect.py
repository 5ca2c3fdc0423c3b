"""The Mobile API Connect adapter against the simulated phone and against a stub that says what it is told."""

from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.gateway import Gateway, OutcomeKind
from tests.contract.gateways.adapter import CODE_TEXT, NUMBER, REFERENCE, json_of, message
from tests.contract.gateways.contract import AdapterContract
from tests.contract.gateways.stub import Stub, answer


class TestMobileApiConnect(AdapterContract):
    kind = "mobile_api_connect"
    key = "sk_live_" + "k" * 40
    wrong_key = "sk_live_" + "x" * 40
    table = (
        (202, {"id": "msg_1", "status": "queued"}, OutcomeKind.ACCEPTED, False),
        (202, {"status": "queued"}, OutcomeKind.UNCERTAIN, False),
        (202, {"id": 7}, OutcomeKind.UNCERTAIN, False),
        (202, ["msg_1"], OutcomeKind.UNCERTAIN, False),
        (204, None, OutcomeKind.UNCERTAIN, False),
        (400, {"error": "validation_error"}, OutcomeKind.REFUSED, False),
        (401, {"error": "invalid_api_key"}, OutcomeKind.MISCONFIGURED, True),
        (403, {"error": "tenant_inactive"}, OutcomeKind.MISCONFIGURED, True),
        (404, {"error": "not_found"}, OutcomeKind.MISCONFIGURED, True),
        (418, None, OutcomeKind.MISCONFIGURED, True),
        (429, None, OutcomeKind.THROTTLED, False),
        (500, None, OutcomeKind.UNCERTAIN, False),
        (502, None, OutcomeKind.UNCERTAIN, False),
        (503, None, OutcomeKind.UNAVAILABLE, False),
        (503, {"error": "no_active_device_for_tenant"}, OutcomeKind.UNAVAILABLE, False),
        (504, None, OutcomeKind.UNCERTAIN, False),
    )

    def test_the_request_is_what_the_vendor_documents(self, stub: Stub) -> None:
        stub.answers.append(answer(202, {"id": "msg_1", "status": "queued"}))
        outcome = self.open(stub.url).send(message(callback_url="http://127.0.0.1/cb"))
        assert outcome.message_id == "msg_1"
        request = stub.requests[0]
        head = request.partition(b"\r\n\r\n")[0]
        assert head.splitlines()[0] == b"POST /v1/messages HTTP/1.1"
        assert f"Authorization: Bearer {self.key}".encode() in head
        assert b"Content-Type: application/json" in head
        assert json_of(request) == {
            "to": NUMBER,
            "text": CODE_TEXT,
            "ref": REFERENCE,
            "callback": "http://127.0.0.1/cb",
        }

    def test_no_phone_online_is_named(self, phone: Simulator, gateway: Gateway) -> None:
        phone.knobs.set(offline=True)
        assert "no_active_device_for_tenant" in gateway.send(message()).reason

    def test_throttling_carries_the_time_to_wait(self, phone: Simulator, gateway: Gateway) -> None:
        phone.knobs.set(throttle=True)
        phone.knobs.set(retry_after_seconds=7)
        assert gateway.send(message()).retry_after_seconds == 7.0
