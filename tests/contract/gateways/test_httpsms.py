"""The httpSMS adapter against the simulated phone and against a stub that says what it is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.gateway import CallbackRequest, Gateway, OutcomeKind, Receipt, ReceiptKind
from otp_worker.gateways.httpsms import HttpSmsAccount
from tests.contract.gateways.adapter import (
    CODE_TEXT,
    NUMBER,
    REFERENCE,
    SECRET,
    SIM_NUMBER,
    json_of,
    message,
    request_of,
)
from tests.contract.gateways.contract import AdapterContract
from tests.contract.gateways.stub import Stub, answer
from tests.devtools.simulator.rehearsal import ListeningApp

NOT_REGISTERED = f"no phone found with with 'from' number [{SIM_NUMBER}]. install the android app"
NOT_LOOKED_UP = f"could not validate 'from' number [{SIM_NUMBER}], please try again later"
MESSAGE_ID = "32343a19-da5e-4b1b-a767-3298a73703cb"


def invalid(**fields: object) -> dict[str, object]:
    return {"status": "error", "message": "validation errors while sending message", "data": fields}


class TestHttpSms(AdapterContract):
    kind = "httpsms"
    account: ClassVar[dict[str, Any]] = {"sender": SIM_NUMBER}
    offline_is_certain = False
    signature_covers_the_body = False
    table = (
        (200, {"status": "success", "data": {"id": MESSAGE_ID}}, OutcomeKind.ACCEPTED, False),
        (200, {"status": "success", "data": {"status": "pending"}}, OutcomeKind.UNCERTAIN, False),
        (200, {"status": "success", "data": {"id": ""}}, OutcomeKind.UNCERTAIN, False),
        (200, {"status": "success", "data": {"id": 7}}, OutcomeKind.UNCERTAIN, False),
        (200, {"status": "success", "data": [MESSAGE_ID]}, OutcomeKind.UNCERTAIN, False),
        (202, {"status": "success", "data": {"id": MESSAGE_ID}}, OutcomeKind.UNCERTAIN, False),
        (204, None, OutcomeKind.UNCERTAIN, False),
        (400, {"status": "error", "data": {"Offset": 3}}, OutcomeKind.REFUSED, False),
        (401, {"status": "error", "data": "Make sure your API key is set"}, OutcomeKind.MISCONFIGURED, True),
        (
            402,
            {"status": "error", "message": "You have exceeded your limit"},
            OutcomeKind.MISCONFIGURED,
            True,
        ),
        (403, {"status": "error", "message": "Forbidden"}, OutcomeKind.MISCONFIGURED, True),
        (404, {"status": "error", "message": "Not Found"}, OutcomeKind.MISCONFIGURED, True),
        (418, None, OutcomeKind.MISCONFIGURED, True),
        (422, invalid(to=["The to field must contain only digits"]), OutcomeKind.REFUSED, False),
        (422, invalid(content=["The content field is required"]), OutcomeKind.REFUSED, False),
        (422, invalid(**{"from": [NOT_REGISTERED, NOT_LOOKED_UP]}), OutcomeKind.MISCONFIGURED, True),
        (422, invalid(**{"from": [NOT_LOOKED_UP]}), OutcomeKind.UNAVAILABLE, False),
        (422, invalid(**{"from": ["The from field must be E.164"]}), OutcomeKind.MISCONFIGURED, True),
        (422, invalid(**{"from": None}), OutcomeKind.MISCONFIGURED, True),
        (422, invalid(**{"from": 7}), OutcomeKind.MISCONFIGURED, True),
        (422, invalid(**{"from": [7, NOT_LOOKED_UP]}), OutcomeKind.UNAVAILABLE, False),
        (422, None, OutcomeKind.REFUSED, False),
        (422, {"data": NOT_LOOKED_UP}, OutcomeKind.REFUSED, False),
        (429, None, OutcomeKind.THROTTLED, False),
        (500, {"status": "error", "message": "We ran into an internal error"}, OutcomeKind.UNCERTAIN, False),
        (502, None, OutcomeKind.UNCERTAIN, False),
        (503, None, OutcomeKind.UNAVAILABLE, False),
        (504, None, OutcomeKind.UNCERTAIN, False),
    )

    def test_the_request_is_what_the_vendor_documents(self, stub: Stub) -> None:
        stub.answers.append(answer(200, {"status": "success", "data": {"id": MESSAGE_ID}}))
        outcome = self.open(stub.url).send(message(callback_url="http://127.0.0.1/cb"))
        assert outcome.message_id == MESSAGE_ID
        head = stub.requests[0].partition(b"\r\n\r\n")[0]
        assert head.splitlines()[0] == b"POST /v1/messages/send HTTP/1.1"
        assert f"x-api-key: {self.key}".encode() in head
        assert b"Content-Type: application/json" in head
        assert json_of(stub.requests[0]) == {
            "from": SIM_NUMBER,
            "to": NUMBER,
            "content": CODE_TEXT,
            "request_id": REFERENCE,
        }

    @pytest.mark.parametrize("named", ["+447700900001", None])
    def test_the_sender_is_the_message_s_else_the_account_s(self, stub: Stub, named: str | None) -> None:
        stub.answers.append(answer(200, None))
        self.open(stub.url).send(replace(message(), sender=named))
        assert json_of(stub.requests[0])["from"] == (named or SIM_NUMBER)

    @pytest.mark.parametrize("sender", [{}, {"sender": "447700900000"}, {"sender": "+44 7700 900000"}])
    def test_an_account_without_a_sender_in_e164_is_refused_at_the_start(
        self, sender: dict[str, str]
    ) -> None:
        with pytest.raises(ValidationError) as refused:
            HttpSmsAccount.model_validate({"kind": self.kind, "key": self.key, **sender})
        assert "sender" in str(refused.value)
        assert "900000" not in str(refused.value)

    def test_nothing_that_is_shown_of_it_quotes_the_sender(self) -> None:
        account = HttpSmsAccount.model_validate({"key": self.key, "sender": SIM_NUMBER})
        assert SIM_NUMBER[1:] not in repr(account) + repr(account.open("tried"))

    def test_a_sender_that_is_no_phone_of_the_account_is_the_operator_s_to_mend(
        self, phone: Simulator
    ) -> None:
        gateway = self.open(phone.url, sender="+447700900001")
        outcomes = [gateway.send(replace(message(), sender=None)), gateway.probe()]
        assert [(each.kind, each.alarm) for each in outcomes] == [(OutcomeKind.MISCONFIGURED, True)] * 2

    def test_what_it_was_asked_wrongly_is_named_and_not_quoted(self, stub: Stub) -> None:
        stub.answers.append(answer(422, invalid(to=[NUMBER], content=[CODE_TEXT], unknown=[NUMBER])))
        assert self.send_to(stub).reason == "the gateway refuses this message (to and content)"

    def test_a_message_for_a_phone_that_is_offline_leaves_when_it_is_back(
        self, phone: Simulator, gateway: Gateway
    ) -> None:
        phone.knobs.set(offline=True)
        kept = gateway.send(message()).message_id or ""
        assert gateway.poll(kept) is None
        phone.knobs.set(offline=False)
        phone.messages.wait_for(lambda each: each.sent_at is not None)
        assert gateway.poll(kept) == Receipt(ReceiptKind.DELIVERED, REFERENCE, kept)

    @pytest.mark.parametrize(
        ("state", "kind"),
        [
            ("pending", None),
            ("scheduled", None),
            ("sending", None),
            ("sent", ReceiptKind.SENT),
            ("delivered", ReceiptKind.DELIVERED),
            ("failed", ReceiptKind.UNDELIVERED),
            ("expired", None),
            ("deleted", None),
            (["sent"], None),
        ],
    )
    def test_every_state_that_is_polled(self, stub: Stub, state: object, kind: ReceiptKind | None) -> None:
        polled = {"id": MESSAGE_ID, "request_id": REFERENCE, "status": state, "content": CODE_TEXT}
        stub.answers.append(answer(200, {"status": "success", "data": polled}))
        assert self.open(stub.url).poll(MESSAGE_ID) == (kind and Receipt(kind, REFERENCE, MESSAGE_ID))
        assert stub.requests[0].startswith(f"GET /v1/messages/{MESSAGE_ID} HTTP/1.1".encode())

    @pytest.mark.parametrize("status", [401, 404, 422, 500])
    def test_a_poll_that_is_not_answered_says_nothing(self, stub: Stub, status: int) -> None:
        stub.answers += [answer(status, {"data": {"status": "sent"}}), None, answer(200, "not JSON")]
        stub.answers.append(answer(200, {"data": ["sent"]}))
        assert [self.open(stub.url).poll(MESSAGE_ID) for _ in range(4)] == [None] * 4

    def test_an_id_cannot_lead_a_poll_elsewhere(self, stub: Stub) -> None:
        assert self.open(stub.url).poll("../phones?x") is None
        assert stub.requests[0].startswith(b"GET /v1/messages/..%2Fphones%3Fx HTTP/1.1")

    def test_the_phone_was_seen_at_its_last_heartbeat(self, phone: Simulator, gateway: Gateway) -> None:
        for offline, oldest in ((False, timedelta(minutes=1)), (True, timedelta(hours=3))):
            phone.knobs.set(offline=offline)
            state = gateway.phone_state()
            assert state is not None
            assert state.last_seen_at is not None
            assert datetime.now(UTC) - state.last_seen_at < oldest
            assert (state.online, state.battery_percent) == (None, None)

    def test_a_phone_whose_gateway_does_not_answer_has_no_state(self, stub: Stub) -> None:
        stub.answers += [None, answer(401, {"data": []}), answer(200, {"data": "online"})]
        assert [self.open(stub.url).phone_state() for _ in range(3)] == [None] * 3

    def test_a_phone_that_never_reported_was_never_seen(self, stub: Stub) -> None:
        stub.answers.append(answer(200, {"status": "success", "data": []}))
        state = self.open(stub.url).phone_state()
        assert state is not None
        assert state.last_seen_at is None

    def test_a_failed_and_an_expired_sms_are_posted_and_only_the_first_is_a_receipt(
        self, phone: Simulator, app: ListeningApp
    ) -> None:
        self.subscribe(phone, app.url)
        gateway = self.open(phone.url, webhook_secret=SECRET)
        phone.knobs.set(receipts=["expired", "failed"])
        taken = gateway.send(message()).message_id
        requests = [request_of(heard) for heard in app.wait_for(2)]
        assert [gateway.read_callback(each) for each in requests] == [
            [],
            [Receipt(ReceiptKind.UNDELIVERED, REFERENCE, taken)],
        ]

    def test_a_token_is_refused_once_it_is_over(self, phone: Simulator, app: ListeningApp) -> None:
        self.subscribe(phone, app.url)
        gateway = self.open(phone.url, webhook_secret=SECRET)
        phone.reply(NUMBER, "hello")
        request, now = request_of(app.wait_for(1)[0]), datetime.now(UTC)
        for minutes, good in ((9, True), (11, False), (-9, True), (-11, False)):
            assert gateway.signature_is_good(request, now + timedelta(minutes=minutes)) is good

    def test_a_token_that_was_seen_vouches_for_any_body(self, phone: Simulator, app: ListeningApp) -> None:
        # Why the token in the callback's URL guards it as well.
        self.subscribe(phone, app.url)
        gateway = self.open(phone.url, webhook_secret=SECRET)
        phone.reply(NUMBER, "hello")
        seen = request_of(app.wait_for(1)[0])
        assert gateway.signature_is_good(CallbackRequest(seen.headers, b"{}"), datetime.now(UTC)) is True
