"""The phone in an app's test: each SMS is read once, and faults end when they should."""

from collections.abc import Callable, Iterator

import pytest

from otp_worker.devtools.simulator import Knobs, Simulator
from otp_worker.devtools.simulator.scenarios import SCENARIOS
from otp_worker.testing.phone import Fault, NoCodeError, Phone
from tests.devtools.simulator.rehearsal import NUMBER, Client

OTHER = "+447700900999"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    client = Client(simulator)
    with client.session:
        yield client


@pytest.fixture
def phone(simulator: Simulator) -> Phone:
    return Phone(simulator)


def test_a_code_is_read_in_any_spelling_of_the_number(client: Client, phone: Phone) -> None:
    client.send(text="Your code is 123456 (valid 5 minutes).")
    client.send(text="Your code is 999999", to=OTHER)
    assert phone.wait_for_code("+44 7700 900123") == "123456"


def test_each_sms_is_read_once(client: Client, phone: Phone) -> None:
    client.send(text="Your code is 111111")
    assert phone.wait_for_code(NUMBER) == "111111"
    with pytest.raises(TimeoutError):
        phone.wait_for_code(NUMBER, within_seconds=0.01)
    client.send(text="Your code is 222222")
    assert phone.wait_for_code(NUMBER) == "222222"


def test_of_several_the_newest_is_read(client: Client, phone: Phone) -> None:
    client.send(text="Your code is 111111")
    client.send(text="Your code is 222222")
    assert phone.wait_for_code(NUMBER) == "222222"
    with pytest.raises(TimeoutError):
        phone.wait_for_code(NUMBER, within_seconds=0.01)
    assert phone.texts(NUMBER) == ["Your code is 111111", "Your code is 222222"]


def test_an_sms_that_the_phone_has_not_sent_is_not_there(client: Client, phone: Phone) -> None:
    with phone.silent():
        client.send(text="Your code is 111111")
        assert phone.texts(NUMBER) == []
        with pytest.raises(TimeoutError):
            phone.wait_for_code(NUMBER, within_seconds=0.01)
    assert phone.wait_for_code(NUMBER) == "111111"


def test_an_sms_without_a_code_is_told(client: Client, phone: Phone) -> None:
    client.send(text="hello")
    with pytest.raises(NoCodeError, match="hello"):
        phone.wait_for_code(NUMBER)


def test_a_phone_that_was_emptied_has_nothing(client: Client, phone: Phone) -> None:
    client.send(text="Your code is 111111")
    phone.forget()
    assert phone.texts(NUMBER) == []


def test_a_person_writes(phone: Phone, simulator: Simulator) -> None:
    phone.reply(NUMBER, "STOP")
    assert [reply.text for reply in simulator.messages.replies()] == ["STOP"]


@pytest.mark.parametrize(
    ("start", "knobs"),
    [
        (lambda phone: phone.offline(), {"offline": True}),
        (lambda phone: phone.silent(), {"silent": True}),
        (lambda phone: phone.battery(7), {"battery_percent": 7}),
        (lambda phone: phone.slow(0.5), {"slow_seconds": 0.5}),
        (lambda phone: phone.lose_answer(), {"lose_reply": True}),
        (lambda phone: phone.hang(), {"hang": True}),
        (lambda phone: phone.drip(), {"drip": True}),
        (lambda phone: phone.malformed(), {"malformed": True}),
        (lambda phone: phone.refuse(NUMBER), {"refuse": (NUMBER,)}),
        (lambda phone: phone.refuse(), {"refuse": ("*",)}),
        (lambda phone: phone.throttle(9), {"throttle": True, "retry_after_seconds": 9}),
        (lambda phone: phone.server_error(503), {"error_status": 503}),
        (lambda phone: phone.undelivered(), {"receipts": ("sent", "failed")}),
        (lambda phone: phone.late_receipt(3), {"receipt_delay_seconds": 3.0}),
        (lambda phone: phone.fault("suspended"), {"suspended": True}),
    ],
)
def test_a_fault_stands_from_its_call_to_the_end_of_its_block(
    phone: Phone, simulator: Simulator, start: Callable[[Phone], Fault], knobs: dict[str, object]
) -> None:
    with start(phone):
        assert {name: simulator.knobs.as_dict()[name] for name in knobs} == knobs
        assert simulator.knobs.as_dict()["next"] == {}
        assert simulator.knobs.as_dict()["until"] == {}
    assert simulator.knobs == Knobs()


def test_a_fault_lasts_for_so_many_sms(client: Client, phone: Phone) -> None:
    phone.throttle(next=2)
    assert [client.send().status_code for _ in range(3)] == [429, 429, 202]


def test_a_fault_lasts_for_so_long(phone: Phone, simulator: Simulator) -> None:
    phone.offline(seconds=30)
    assert list(simulator.knobs.as_dict()["until"]) == ["offline"]  # type: ignore[call-overload]


def test_every_fault_of_a_phone_has_a_call_or_can_be_named(phone: Phone) -> None:
    for name in SCENARIOS:
        phone.fault(name)
    calls = set(SCENARIOS) & set(dir(Phone))
    assert set(SCENARIOS) - calls == {"late_sms", "oversized", "suspended"}
