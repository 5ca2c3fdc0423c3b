"""Mobile API Connect: what its answers come to, and what an operator reads of them."""

import json

import pytest

from otp_worker.domain.gateway import Message, Outcome, OutcomeKind
from otp_worker.gateways.client import Answer, BoundedClient
from otp_worker.gateways.exchange import NoAnswerError, NotReachedError
from otp_worker.gateways.mobile_api_connect import MobileApiConnect

URL = "https://gateway.example/v1"
CODE = "493021"
NUMBER = "+447400123456"
MESSAGE = Message(NUMBER, f"Your code is {CODE}.", "ver_1.1", "https://otp.example/cb", 300, 15)


class Wire:
    """Stands for the network: keeps what was posted, and answers what it was told."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, str], dict[str, str], float]] = []
        self.answer: Answer | Exception = Answer(202, {}, {"id": "msg_1", "status": "queued"})

    def post(
        self, url: str, body: bytes, headers: dict[str, str], seconds: float, may_leave: object
    ) -> Answer:
        self.posted.append((url, json.loads(body), headers, seconds))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(BoundedClient, "post", lambda _, *arguments: wire.post(*arguments))
    return wire


@pytest.fixture
def gateway() -> MobileApiConnect:
    return MobileApiConnect("phone", f"{URL}/", "sk_live_key")


def test_a_message_is_one_authenticated_post_with_its_reference(
    gateway: MobileApiConnect, wire: Wire
) -> None:
    gateway.send(MESSAGE)
    payload = {
        "to": NUMBER,
        "text": f"Your code is {CODE}.",
        "ref": "ver_1.1",
        "callback": "https://otp.example/cb",
    }
    assert wire.posted == [(f"{URL}/messages", payload, {"Authorization": "Bearer sk_live_key"}, 15)]


@pytest.mark.parametrize(
    ("status", "body", "kind", "alarm"),
    [
        (202, {"id": "msg_1"}, OutcomeKind.ACCEPTED, False),
        (200, {"id": "msg_1"}, OutcomeKind.ACCEPTED, False),
        (202, None, OutcomeKind.UNCERTAIN, False),
        (202, {"id": 7}, OutcomeKind.UNCERTAIN, False),
        (204, {"id": "msg_1"}, OutcomeKind.UNCERTAIN, False),
        (302, None, OutcomeKind.MISCONFIGURED, True),
        (400, {"error": "validation_error"}, OutcomeKind.REFUSED, False),
        (401, {"error": "invalid_api_key"}, OutcomeKind.MISCONFIGURED, True),
        (403, {"error": "tenant_inactive"}, OutcomeKind.MISCONFIGURED, True),
        (404, {"error": "not_found"}, OutcomeKind.MISCONFIGURED, True),
        (418, None, OutcomeKind.MISCONFIGURED, True),
        (429, None, OutcomeKind.THROTTLED, False),
        (500, None, OutcomeKind.UNCERTAIN, False),
        (502, None, OutcomeKind.UNCERTAIN, False),
        (503, {"error": "no_active_device_for_tenant"}, OutcomeKind.UNAVAILABLE, False),
        (503, None, OutcomeKind.UNAVAILABLE, False),
        (504, None, OutcomeKind.UNCERTAIN, False),
    ],
)
def test_every_answer_is_one_outcome(
    gateway: MobileApiConnect,
    wire: Wire,
    status: int,
    body: dict[str, object] | None,
    kind: OutcomeKind,
    alarm: bool,
) -> None:
    wire.answer = Answer(status, {}, body)
    outcome = gateway.send(MESSAGE)
    assert (outcome.kind, outcome.alarm) == (kind, alarm)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotReachedError("ConnectTimeout"), OutcomeKind.UNAVAILABLE),
        (NoAnswerError("ReadTimeout"), OutcomeKind.UNCERTAIN),
    ],
)
def test_a_request_that_may_have_arrived_is_uncertain_and_one_that_cannot_have_is_not(
    gateway: MobileApiConnect, wire: Wire, error: Exception, kind: OutcomeKind
) -> None:
    wire.answer = error
    assert gateway.send(MESSAGE).kind is kind


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0", 0.0), ("soon", 0.0), ("-1", 0.0), ("\u0667", 0.0)]
)
def test_it_waits_as_long_as_the_gateway_says(
    gateway: MobileApiConnect, wire: Wire, status: int, header: str, seconds: float
) -> None:
    wire.answer = Answer(status, {"Retry-After": header}, None)
    assert gateway.send(MESSAGE).retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("until", "date", "seconds"),
    [
        ("Wed, 21 Oct 2015 07:28:30 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", 30.0),
        ("Wednesday, 21-Oct-15 07:28:30 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:28:30 -0000", "Wed, 21 Oct 2015 07:28:00 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:30 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", "soon", 0.0),
        ("Wed, 99 Oct 2015 07:28:30 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    ],
)
def test_an_instant_to_wait_for_is_counted_from_the_gateways_own_date(
    gateway: MobileApiConnect, wire: Wire, until: str, date: str, seconds: float
) -> None:
    wire.answer = Answer(503, {"Retry-After": until, "Date": date}, None)
    assert gateway.send(MESSAGE).retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("given", "kept"),
    [("msg_1", "msg_1"), ("x" * 500, "x" * 128), ("msg\0_1", "msg_1"), ("msg_\ud83d", "msg_?")],
)
def test_an_accepted_message_keeps_an_id_that_any_database_takes(
    gateway: MobileApiConnect, wire: Wire, given: str, kept: str
) -> None:
    wire.answer = Answer(202, {}, {"id": given})
    assert gateway.send(MESSAGE) == Outcome(OutcomeKind.ACCEPTED, "accepted by the gateway", kept)


@pytest.mark.parametrize("status", [202, 400, 401, 403, 404, 418, 429, 500, 503])
@pytest.mark.parametrize(
    "error",
    [
        NUMBER,
        f"no route to {NUMBER}",
        f"code_{CODE}",
        "Your code is",
        "x" * 41,
        "caf\u00e9",
        "",
        [NUMBER],
        {"to": NUMBER},
        int(CODE),
        None,
    ],
)
def test_a_reason_never_carries_what_the_gateway_says_beyond_a_code_word(
    gateway: MobileApiConnect, wire: Wire, status: int, error: object
) -> None:
    wire.answer = Answer(status, {}, {"error": error, "text": MESSAGE.text, "to": NUMBER})
    reason = gateway.send(MESSAGE).reason
    said = [NUMBER[1:], CODE, "Your code is", "x" * 41, "caf\u00e9"]
    assert not any(word in reason for word in said)


def test_a_phone_that_is_offline_is_told_from_a_gateway_that_is(
    gateway: MobileApiConnect, wire: Wire
) -> None:
    wire.answer = Answer(503, {"Retry-After": "60"}, {"error": "no_active_device_for_tenant"})
    reason = "no paired phone is online (no_active_device_for_tenant)"
    assert gateway.send(MESSAGE) == Outcome(OutcomeKind.UNAVAILABLE, reason)


def test_a_code_word_of_the_gateway_is_passed_on_to_the_operator(
    gateway: MobileApiConnect, wire: Wire
) -> None:
    wire.answer = Answer(401, {}, {"error": "invalid_api_key"})
    assert gateway.send(MESSAGE).reason == "the gateway refuses our key (invalid_api_key)"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, OutcomeKind.ACCEPTED), (401, OutcomeKind.MISCONFIGURED), (503, OutcomeKind.UNAVAILABLE)],
)
def test_a_probe_sends_nothing_and_is_content_with_a_refusal_of_its_emptiness(
    gateway: MobileApiConnect, wire: Wire, status: int, kind: OutcomeKind
) -> None:
    wire.answer = Answer(status, {}, {"error": "validation_error"})
    assert gateway.probe().kind is kind
    assert [payload for _, payload, _, _ in wire.posted] == [{}]
