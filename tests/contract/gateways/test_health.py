"""The health question of each adapter: what its gateway tells without a message, and what only one tells."""

from collections.abc import Callable, Iterator

import pytest

from otp_worker.devtools.processes.ports import free_ports
from otp_worker.domain.gateway import Gateway
from otp_worker.gateways.http_json import HttpJsonAccount
from otp_worker.gateways.httpsms import HttpSms
from otp_worker.gateways.kannel import Kannel
from otp_worker.gateways.mobile_api_connect import MobileApiConnect
from otp_worker.gateways.smsgate import SmsGate
from otp_worker.gateways.textbee import Textbee
from tests.contract.gateways.stub import Stub, answer

SENDER = "+447700900000"
DEVICE = "a" * 24
Open = Callable[[str], Gateway]


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A server that answers what it is told."""
    with Stub() as listening:
        yield listening


def http_json(url: str, **fields: str) -> Gateway:
    described = {
        "kind": "http_json",
        "url": f"{url}/sms",
        "key": "a key",
        "body": {"to": "{to}", "text": "{text}"},
    }
    return HttpJsonAccount.model_validate({**described, **fields}).open("described")


OPENED: dict[str, Open] = {
    "httpsms": lambda url: HttpSms("httpsms", url, "a key", SENDER),
    "textbee": lambda url: Textbee("textbee", url, "a key", DEVICE),
    "smsgate": lambda url: SmsGate("smsgate", url, "sms:a-long-password"),
    "kannel": lambda url: Kannel("kannel", url, "a user", "a password"),
    "http_json": lambda url: http_json(url, probe_url=f"{url}/health"),
}
WELL = {
    "httpsms": answer(200, {"data": [{"phone_number": SENDER}]}),
    "textbee": answer(200, {"data": [{"_id": DEVICE, "enabled": True}]}),
    "smsgate": answer(200, {"checks": {"battery:level": {"observedValue": 94}}}),
    "kannel": answer(400, "Missing receiver number, rejected"),
    "http_json": answer(204, None),
}


@pytest.mark.parametrize("name", OPENED)
def test_a_gateway_that_answers_is_well(stub: Stub, name: str) -> None:
    stub.answers.append(WELL[name])
    assert OPENED[name](stub.url).health() is True


@pytest.mark.parametrize("name", OPENED)
def test_a_gateway_that_cannot_be_reached_is_not(name: str) -> None:
    (port,) = free_ports(None)
    assert OPENED[name](f"http://127.0.0.1:{port}").health() is False


@pytest.mark.parametrize("name", OPENED)
def test_what_tells_neither_leaves_it_to_a_message(stub: Stub, name: str) -> None:
    stub.answers.append(answer(500, "Internal Server Error"))
    assert OPENED[name](stub.url).health() is None


def test_an_smsgate_server_that_answers_does_not_speak_for_the_phone(stub: Stub) -> None:
    stub.answers.append(answer(404, {"message": "not found"}))
    assert OPENED["smsgate"](stub.url).health() is None


def test_without_a_url_to_ask_only_a_message_can_tell(stub: Stub) -> None:
    assert http_json(stub.url).health() is None
    assert stub.requests == []


def test_nothing_documented_tells_whether_a_phone_of_mobile_api_connect_is_online(stub: Stub) -> None:
    assert MobileApiConnect("connect", stub.url, "a key").health() is None
    assert stub.requests == []
