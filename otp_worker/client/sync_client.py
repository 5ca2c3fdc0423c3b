"""The client for programs that wait."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial, wraps
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

import httpx

from otp_worker.client import calls, message_calls
from otp_worker.client.answers import Answer
from otp_worker.client.calls import Call
from otp_worker.client.conversation import Conversation, Lost, Pause, Retry, Try
from otp_worker.client.conversions import conversions
from otp_worker.client.models import Listed
from otp_worker.client.transport import answer_of, arguments_of, base_of, header_of, lost_of

P = ParamSpec("P")
T = TypeVar("T")


def _method(build: Callable[P, Call[T]]) -> "Callable[Concatenate[Client, P], T]":
    """The method that makes the call that ``build`` describes; it has its parameters and its docstring."""

    @wraps(build)
    def call(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.run(build(*args, **kwargs))

    return call


class Client:
    """Calls otp-worker. One client serves all threads of a program, and keeps its connections open.

    ``url`` is where the service answers, ``key`` an API key. ``http`` is an httpx client of your own, for a
    proxy or certificates; it stays open when this one is closed. Every method raises OtpClientError.
    """

    def __init__(
        self, url: str, key: str, *, retry: Retry | None = None, http: httpx.Client | None = None
    ) -> None:
        self._base = base_of(url)
        self._authorization = header_of(key)
        self._retry = retry or Retry()
        self._http = http or httpx.Client()
        self._owns_http = http is None

    send = _method(calls.send)
    invite = _method(calls.invite)
    check = _method(calls.check)
    check_number = _method(calls.check_number)
    resend = _method(calls.resend)
    get = _method(calls.get)
    cancel = _method(calls.cancel)
    timeline = _method(calls.timeline)
    list_page = _method(calls.list_page)
    search = _method(calls.search)
    conversions = _method(conversions)
    send_message = _method(message_calls.send_message)
    send_messages = _method(message_calls.send_messages)
    get_message = _method(message_calls.get_message)
    cancel_message = _method(message_calls.cancel_message)
    message_timeline = _method(message_calls.message_timeline)
    list_messages = _method(message_calls.list_messages)

    def list(
        self,
        *,
        user: str | None = None,
        status: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        purpose: str | None = None,
        client_reference: str | None = None,
        tag: str | None = None,
    ) -> Iterator[Listed]:
        """Every verification of your app, newest first, page by page."""
        next_page = partial(
            self.list_page,
            user=user,
            status=status,
            since=since,
            until=until,
            purpose=purpose,
            client_reference=client_reference,
            tag=tag,
        )
        cursor: str | None = None
        while True:
            page = next_page(cursor=cursor)
            yield from page.verifications
            cursor = page.next_cursor
            if cursor is None:
                return

    def run(self, call: Call[T]) -> T:
        """Make a call: try, wait and try again. Raises OtpClientError."""
        conversation = Conversation(call, self._retry)
        while isinstance(step := conversation.after(self._exchange(conversation.next_try())), Pause):
            time.sleep(step.seconds)
        return step.value

    def close(self) -> None:
        """Close the connections."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base!r})"

    def _exchange(self, one: Try) -> Answer | Lost:
        try:
            return answer_of(self._http.request(**arguments_of(one, self._base, self._authorization)))
        except httpx.RequestError as error:
            return lost_of(error)
