"""What the SMSGate adapter asks beside sending: how far a message came, and how the phone is."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from otp_worker.domain.gateway import OutcomeKind, PhoneState, Receipt, ReceiptKind
from otp_worker.gateways.smsgate import SmsGate
from tests.contract.gateways.stub import Stub, answer

DEVICE = "a-phone-of-the-account"
REFERENCE = "ver_01JZZZZZZZZZZZZZZZZZZZZZZZ.1"
NOBODY = "http://gateway.invalid"


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A server that answers what it is told."""
    with Stub() as listening:
        yield listening


def opened(url: str, device: str | None = DEVICE) -> SmsGate:
    """The adapter at this URL."""
    return SmsGate("tried", url, "sms:a-long-password", device=device)


def asked(stub: Stub) -> list[str]:
    """What was asked of the stub, without the headers."""
    return [request.partition(b" HTTP")[0].decode() for request in stub.requests]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("Pending", None),
        ("Processed", None),
        ("Cancelling", None),
        ("Sent", ReceiptKind.SENT),
        ("Delivered", ReceiptKind.DELIVERED),
        ("Failed", ReceiptKind.UNDELIVERED),
        ("Cancelled", ReceiptKind.UNDELIVERED),
        ("Abducted", None),
        (["Sent"], None),
        (None, None),
    ],
)
def test_a_poll_says_as_much_as_the_state_does(stub: Stub, state: object, kind: ReceiptKind | None) -> None:
    stub.answers.append(answer(200, {"id": REFERENCE, "state": state}))
    receipt = opened(stub.url).poll(REFERENCE)
    assert receipt == (Receipt(kind, REFERENCE, REFERENCE) if kind else None)
    assert asked(stub) == [f"GET /v1/messages/{REFERENCE}"]


def test_a_poll_that_is_not_answered_says_nothing(stub: Stub) -> None:
    stub.answers += [answer(404, {"message": "message not found"}), answer(200, "no JSON"), None]
    assert [opened(stub.url).poll(REFERENCE) for _ in range(3)] == [None] * 3
    assert opened(NOBODY).poll(REFERENCE) is None


def test_an_id_cannot_lead_a_poll_elsewhere(stub: Stub) -> None:
    opened(stub.url).poll("../devices?x=1")
    assert asked(stub) == ["GET /v1/messages/..%2Fdevices%3Fx%3D1"]


@pytest.mark.parametrize("status", [200, 500])
def test_a_phone_that_answers_itself_is_online_and_tells_its_battery(stub: Stub, status: int) -> None:
    # As the app answers; it says 500 where a check fails, such as a battery under 10 %.
    checks = {"battery:level": {"observedValue": 94, "observedUnit": "percent", "status": "pass"}}
    stub.answers.append(answer(status, {"status": "pass", "checks": checks}))
    assert opened(stub.url).phone_state() == PhoneState(online=True, battery_percent=94.0)
    assert asked(stub) == ["GET /v1/health"]


def test_of_several_phones_those_count_that_may_send(stub: Stub) -> None:
    phones = [
        {"id": DEVICE, "lastSeen": "2026-03-01T10:00:00Z"},
        {"id": "another", "lastSeen": "2026-03-01T12:00:00+01:00"},
        {"id": "a third", "lastSeen": None},
        "no phone",
    ]
    seen = []
    for device in (DEVICE, None, "gone"):
        stub.answers += [answer(200, {"status": "pass"}), answer(200, phones)]
        seen.append(opened(stub.url, device).phone_state())
    ten, eleven = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (10, 11))
    assert seen == [PhoneState(None, None, ten), PhoneState(None, None, eleven), PhoneState(online=False)]


@pytest.mark.parametrize(
    "level",
    [
        None,
        7,
        {},
        {"observedValue": "94"},
        {"observedValue": True},
        {"observedValue": 101},
        {"observedValue": -1},
        {"observedValue": float("nan")},
    ],
)
def test_a_battery_that_is_no_percentage_is_not_told(stub: Stub, level: object) -> None:
    stub.answers += [answer(200, {"checks": {"battery:level": level}}), answer(200, [])]
    assert opened(stub.url).phone_state() == PhoneState(online=False)


@pytest.mark.parametrize(
    "listed",
    [answer(200, {"not": "a list"}), answer(200, "[" * 50_000), answer(401, None), answer(500, []), None],
    ids=["an object", "too deep", "unauthorized", "an error", "a reset"],
)
def test_a_gateway_that_does_not_say_how_its_phone_is_says_nothing(stub: Stub, listed: bytes | None) -> None:
    stub.answers += [answer(200, {"checks": []}), listed]
    assert opened(stub.url).phone_state() is None


def test_nothing_is_known_of_a_phone_whose_gateway_is_not_there() -> None:
    assert opened(NOBODY).phone_state() is None


def test_the_probe_of_a_phones_own_server_asks_by_the_older_name(stub: Stub) -> None:
    stub.answers += [answer(404, None), answer(200, [{"id": DEVICE}])]
    assert opened(stub.url).probe().kind is OutcomeKind.ACCEPTED
    assert asked(stub) == ["GET /v1/devices", "GET /v1/device"]


@pytest.mark.parametrize(
    ("phones", "device"), [([], None), ([], DEVICE), ([{"id": "another"}], DEVICE), ([7, "phone"], None)]
)
def test_a_probe_that_finds_no_phone_to_send_by_says_so(
    stub: Stub, phones: list[object], device: str | None
) -> None:
    stub.answers.append(answer(200, phones))
    outcome = opened(stub.url, device).probe()
    assert (outcome.kind, outcome.alarm) == (OutcomeKind.UNAVAILABLE, False)
    assert "no phone is paired" in outcome.reason


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"id": DEVICE}, OutcomeKind.UNCERTAIN),
        (401, {"message": "Unauthorized"}, OutcomeKind.MISCONFIGURED),
        (502, None, OutcomeKind.UNCERTAIN),
        (503, None, OutcomeKind.UNAVAILABLE),
    ],
)
def test_a_probe_that_gets_no_list_of_phones_fails(
    stub: Stub, status: int, body: object, kind: OutcomeKind
) -> None:
    stub.answers.append(answer(status, body))
    assert opened(stub.url).probe().kind is kind


def test_the_probe_of_a_gateway_that_is_not_there_is_unavailable() -> None:
    assert opened(NOBODY).probe().kind is OutcomeKind.UNAVAILABLE
