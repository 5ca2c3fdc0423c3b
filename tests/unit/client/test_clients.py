"""Both clients over a transport that answers by itself."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from otp_worker.client import (
    AsyncClient,
    Client,
    InvalidFieldError,
    NoAnswerError,
    OtpClientError,
    ProblemError,
    Retry,
    VerificationStatus,
)
from otp_worker.client.models import Verification
from tests.unit.client.answers import ACCEPTED, CHECKED, MESSAGE, VERIFICATION, problem

URL, KEY = "https://otp.example.com/", "otp_live_secret"
ID = VERIFICATION["id"]
MIDNIGHT = "2026-03-01T00%3A00%3A00%2B00%3A00"
EMPTY: dict[str, Any] = {"verifications": [], "next_cursor": None}
AT_ONCE = Retry(first_pause_seconds=0)
Handler = Callable[[httpx.Request], httpx.Response]


def sync_call(handler: Handler, name: str, *args: Any, **kwargs: Any) -> Any:
    """One call of the synchronous client."""
    with (
        httpx.Client(transport=httpx.MockTransport(handler)) as http,
        Client(URL, KEY, http=http, retry=AT_ONCE) as otp,
    ):
        return getattr(otp, name)(*args, **kwargs)


def async_call(handler: Handler, name: str, *args: Any, **kwargs: Any) -> Any:
    """The same of the asynchronous one."""

    async def call() -> Any:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http,
            AsyncClient(URL, KEY, http=http, retry=AT_ONCE) as otp,
        ):
            return await getattr(otp, name)(*args, **kwargs)

    return asyncio.run(call())


@pytest.fixture(params=[sync_call, async_call], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    found: Callable[..., Any] = request.param
    return found


def answering(*answers: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    """A handler that gives these answers in turn, and the requests that it got."""
    left, got = list(answers), []

    def handle(request: httpx.Request) -> httpx.Response:
        got.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handle, got


@pytest.mark.parametrize(
    ("name", "arguments", "sent", "body", "answered"),
    [
        (
            "send",
            {"to": "+447400123456", "user": "u"},
            "POST /v1/verifications",
            {"to": "+447400123456", "user": "u"},
            ACCEPTED,
        ),
        (
            "check",
            {"verification_id": ID, "code": "12 34 56"},
            f"POST /v1/verifications/{ID}/check",
            {"code": "12 34 56"},
            CHECKED,
        ),
        (
            "check_number",
            {"to": "+447400123456", "code": "1234"},
            "POST /v1/verifications/check",
            {"to": "+447400123456", "code": "1234"},
            CHECKED,
        ),
        ("resend", {"verification_id": ID}, f"POST /v1/verifications/{ID}/resend", None, ACCEPTED),
        ("get", {"verification_id": ID}, f"GET /v1/verifications/{ID}", None, VERIFICATION),
        ("cancel", {"verification_id": ID}, f"POST /v1/verifications/{ID}/cancel", None, VERIFICATION),
        (
            "list_page",
            {"user": "u", "since": datetime(2026, 3, 1, tzinfo=UTC)},
            f"GET /v1/verifications?user=u&since={MIDNIGHT}",
            None,
            EMPTY,
        ),
        (
            "search",
            {"to": "+447400123456", "limit": 3},
            "POST /v1/verifications/search",
            {"to": "+447400123456", "limit": 3},
            EMPTY,
        ),
        (
            "timeline",
            {"verification_id": ID},
            f"GET /v1/verifications/{ID}/timeline",
            None,
            {"id": ID, "status": "pending", "cause": "Waits.", "timeline": []},
        ),
        (
            "send_message",
            {"to": "+447400123456", "text": "We open at nine", "priority": "notice"},
            "POST /v1/messages",
            {"to": "+447400123456", "text": "We open at nine", "priority": "notice"},
            {**MESSAGE, "limits": []},
        ),
        ("cancel_message", {"message_id": ID}, f"POST /v1/messages/{ID}/cancel", None, MESSAGE),
        (
            "list_messages",
            {"user": "u", "since": datetime(2026, 3, 1, tzinfo=UTC)},
            f"GET /v1/messages?user=u&since={MIDNIGHT}",
            None,
            {"messages": [MESSAGE], "next_cursor": None},
        ),
    ],
)
def test_a_call_sends_what_the_api_reads(
    call: Callable[..., Any], name: str, arguments: dict[str, Any], sent: str, body: object, answered: object
) -> None:
    handler, got = answering(httpx.Response(200, json=answered))
    found = call(handler, name, **arguments)
    (request,) = got
    assert f"{request.method} {request.url.raw_path.decode()}" == sent
    assert (json.loads(request.content) if request.content else None) == body
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.url.host == "otp.example.com"
    assert found.model_dump(mode="json").items() >= {"id": ID}.items() or "list" in name or name == "search"


def test_an_answer_is_typed(call: Callable[..., Any]) -> None:
    handler, _ = answering(httpx.Response(202, json=ACCEPTED, headers={"Idempotent-Replayed": "true"}))
    sent = call(handler, "send", "+447400123456")
    assert sent.status is VerificationStatus.PENDING
    assert sent.expires_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert (sent.pending, sent.approved, sent.replayed, sent.delivery.attempts) == (True, False, True, 0)


def test_what_a_newer_service_adds_does_no_harm() -> None:
    newer = {**VERIFICATION, "status": "on_hold", "colour": "blue"}
    assert Verification.model_validate(newer).status == "on_hold"


def test_a_lost_send_is_repeated_with_its_key(call: Callable[..., Any]) -> None:
    handler, got = answering(
        httpx.ReadTimeout("lost"), httpx.ConnectError("away"), httpx.Response(202, json=ACCEPTED)
    )
    call(handler, "send", "+447400123456", idempotency_key="order-1")
    assert [request.headers["Idempotency-Key"] for request in got] == ["order-1"] * 3


@pytest.mark.parametrize(
    ("error", "sent"), [(httpx.ConnectError("no"), False), (httpx.ReadError("no"), True)]
)
def test_the_errors_of_the_network_are_ours(call: Callable[..., Any], error: Exception, sent: bool) -> None:
    handler, _ = answering(*[error] * 4)
    with pytest.raises(NoAnswerError) as raised:
        call(handler, "get", ID)
    assert raised.value.may_have_happened is sent


def test_a_problem_is_an_error_with_the_field_and_the_fix(call: Callable[..., Any]) -> None:
    given = problem(422, "invalid_field", errors=[{"field": "to", "detail": "is no mobile number"}])
    handler, _ = answering(httpx.Response(422, headers=dict(given.headers), content=given.content))
    with pytest.raises(InvalidFieldError) as raised:
        call(handler, "send", "+4420")
    error = raised.value
    assert (error.code, error.status, error.field, error.fix) == (
        "invalid_field",
        422,
        "to",
        "is no mobile number",
    )
    assert str(error) == "What happened, and what to do."


def test_a_problem_of_a_newer_service_is_a_problem(call: Callable[..., Any]) -> None:
    given = problem(418, "teapot")
    handler, _ = answering(httpx.Response(418, headers=dict(given.headers), content=given.content))
    with pytest.raises(ProblemError) as raised:
        call(handler, "get", ID)
    assert (type(raised.value), raised.value.code) == (ProblemError, "teapot")


def test_a_key_is_never_sent_after_a_redirect(call: Callable[..., Any]) -> None:
    handler, got = answering(httpx.Response(307, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(OtpClientError):
        call(handler, "get", ID)
    assert len(got) == 1


def test_every_page_of_a_list_is_read_and_no_more() -> None:
    row = {**VERIFICATION, "app": "shop", "delivery_status": "sent", "sent_at": None, "delivered_at": None}
    pages = [{"verifications": [row], "next_cursor": "abc"}, {"verifications": [row], "next_cursor": None}]

    def fresh() -> tuple[Handler, list[httpx.Request]]:
        return answering(*(httpx.Response(200, json=page) for page in pages))

    handler, got = fresh()
    with httpx.Client(transport=httpx.MockTransport(handler)) as http:
        assert len(list(Client(URL, KEY, http=http).list(user="u"))) == 2
    assert [request.url.params.get("cursor") for request in got] == [None, "abc"]

    async def read() -> int:
        async with httpx.AsyncClient(transport=httpx.MockTransport(fresh()[0])) as http:
            return len([each async for each in AsyncClient(URL, KEY, http=http).list(user="u")])

    assert asyncio.run(read()) == 2


def test_a_try_of_the_asynchronous_client_ends_though_bytes_go_on_coming() -> None:
    async def drip(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async def call() -> None:
        hasty = Retry(tries=1, try_seconds=0.01)
        async with httpx.AsyncClient(transport=httpx.MockTransport(drip)) as http:
            await AsyncClient(URL, KEY, http=http, retry=hasty).get(ID)

    with pytest.raises(NoAnswerError):
        asyncio.run(call())


def test_closing_leaves_an_http_client_of_the_callers_open() -> None:
    http = httpx.Client()
    with Client(URL, KEY, http=http):
        pass
    assert not http.is_closed
    http.close()
    own = Client(URL, KEY)
    own.close()
    with pytest.raises(RuntimeError, match="closed"):
        own.get(ID)
