"""The calls about messages: have a text of your own sent, look at it, call it back."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from otp_worker.client.answers import read_accepted, read_as
from otp_worker.client.calls import Call, as_text, given, key_of, path_of
from otp_worker.client.message_models import (
    AcceptedMessage,
    BatchAnswer,
    Message,
    MessagePage,
    MessageTimeline,
)

_ALL = "/v1/messages"


def send_message(
    to: str,
    text: str,
    *,
    expires_in_seconds: int | None = None,
    priority: str | None = None,
    user: str | None = None,
    ip: str | None = None,
    client_reference: str | None = None,
    tags: Mapping[str, str] | None = None,
    limits: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> Call[AcceptedMessage]:
    """Have a text of your own sent to a mobile number.

    ``priority`` is ``code`` unless you say ``notice``: that one gives way to every code. Two texts to one
    person are two SMS. Without an ``idempotency_key`` each call makes its own, so that its retries send one;
    give one to make your own retries safe too.
    """
    body = given(to=to, text=text, expires_in_seconds=expires_in_seconds, priority=priority, user=user, ip=ip)
    body |= given(client_reference=client_reference, tags=tags, limits=limits)
    key = key_of(idempotency_key)
    return Call("POST", _ALL, read_accepted(AcceptedMessage), True, body, idempotency_key=key)


def send_messages(
    messages: Sequence[Mapping[str, object]], *, idempotency_key: str | None = None
) -> Call[BatchAnswer]:
    """Have 1 to 1,000 texts sent; each has the fields of ``send_message``, ``to`` and ``text`` above all.

    Each is judged by itself: ``results`` says in its place which message it is, or which problem it has.
    """
    body: dict[str, object] = {"messages": [dict(each) for each in messages]}
    key = key_of(idempotency_key)
    return Call("POST", f"{_ALL}/batch", read_accepted(BatchAnswer), True, body, idempotency_key=key)


def get_message(message_id: str) -> Call[Message]:
    """Look at a message as it stands."""
    return Call("GET", path_of(_ALL, message_id), read_as(Message), True)


def cancel_message(message_id: str) -> Call[Message]:
    """Call back a message that is not sent yet. Raises MessageEndedError."""
    return Call("POST", f"{path_of(_ALL, message_id)}/cancel", read_as(Message), True)


def message_timeline(message_id: str) -> Call[MessageTimeline]:
    """What happened to a message, and why it is where it is."""
    return Call("GET", f"{path_of(_ALL, message_id)}/timeline", read_as(MessageTimeline), True)


def list_messages(
    *,
    user: str | None = None,
    client_reference: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[MessagePage]:
    """A page of your app's messages, newest first; instants have a time zone."""
    asked = given(user=user, client_reference=client_reference, limit=limit, cursor=cursor)
    asked |= given(since=as_text(since), until=as_text(until))
    query = {name: str(value) for name, value in asked.items()}
    return Call("GET", _ALL, read_as(MessagePage), True, query=query)
