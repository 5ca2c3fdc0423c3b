"""The client against a server on loopback that says what no gateway should."""

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from otp_worker.gateways.client import MAX_ANSWER_BYTES, Answer, BoundedClient
from otp_worker.gateways.exchange import NoAnswerError, NotReachedError
from tests.contract.gateways.stub import Stub

NUMBER = "+447400123456"
SECONDS = 5.0
ENDLESS_BYTES = 30_000_000

Ask = Callable[[BoundedClient, str], Answer]
ASKS: dict[str, Ask] = {
    "GET": lambda client, url: client.get(url, {}, SECONDS),
    "POST": lambda client, url: client.post(url, b"{}", {}, SECONDS),
}


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A server that answers what it is told."""
    with Stub() as listening:
        yield listening


def redirect(location: bytes, length: int = 0) -> bytes:
    head = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: %d\r\n\r\n" % (location, length)
    return head + bytes(length)


@pytest.mark.parametrize("method", ASKS)
@pytest.mark.parametrize("location", [b"/caf\xe9", b"http://[", b"http://a:99999/", b"/elsewhere"])
def test_a_redirect_is_an_answer_wherever_it_points(stub: Stub, method: str, location: bytes) -> None:
    stub.answers.append(redirect(location))
    assert ASKS[method](BoundedClient(), f"{stub.url}/sms").status == 302
    assert len(stub.requests) == 1


def test_of_a_redirects_body_no_more_is_read_than_of_another_answers(stub: Stub) -> None:
    stub.answers.append(redirect(b"/elsewhere", ENDLESS_BYTES))
    tracemalloc.start()
    try:
        answer = BoundedClient().get(stub.url, {}, SECONDS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status, answer.text) == (302, "")
    assert peak < 32 * MAX_ANSWER_BYTES


@pytest.mark.parametrize("method", ASKS)
def test_an_error_that_nobody_foresaw_is_no_answer_and_says_its_kind_alone(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    send = requests.Session.send

    def stumble(*arguments: Any, **named: Any) -> None:
        send(*arguments, **named)
        raise OverflowError(f"cannot read what {NUMBER} was sent")

    monkeypatch.setattr(requests.Session, "send", stumble)
    with pytest.raises(NoAnswerError) as caught:
        ASKS[method](BoundedClient(), stub.url)
    assert str(caught.value) == "OverflowError"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("key", ["cl\u00e9 \u20ac", "two\r\nlines", "\ud800"])
def test_a_header_that_http_cannot_carry_is_found_before_the_first_byte(stub: Stub, key: str) -> None:
    with pytest.raises(NotReachedError):
        BoundedClient().post(stub.url, b"{}", {"X-Key": key}, SECONDS)
    assert stub.requests == []
