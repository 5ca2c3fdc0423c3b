"""What both clients say to httpx, and how they read its answers and its errors."""

from typing import Any
from urllib.parse import urlsplit

import httpx

from otp_worker.client.answers import Answer
from otp_worker.client.conversation import Lost, Try

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def base_of(url: str) -> str:
    """The service's address without a slash at its end. Raises ValueError for what is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("the URL of the service looks like https://otp.example.com")
    return url.rstrip("/")


def header_of(key: str) -> str:
    """The header that shows an API key. Raises ValueError for what is none, without repeating it."""
    if not (key.isascii() and key.isprintable()) or not key or " " in key:
        raise ValueError("an API key is printable ASCII on one line, without spaces, such as otp_live_...")
    return f"Bearer {key}"


def arguments_of(one: Try, base: str, authorization: str) -> dict[str, Any]:
    """A try as httpx's ``request`` takes it."""
    return {
        "method": one.method,
        "url": base + one.path,
        "headers": {**one.headers, "Authorization": authorization},
        "json": one.body,
        "params": one.query,
        # Who cannot connect in half the time learns that nothing was sent.
        "timeout": httpx.Timeout(one.seconds, connect=one.seconds / 2),
        # A key is for this address alone, and a repeated POST is no GET.
        "follow_redirects": False,
    }


def answer_of(response: httpx.Response) -> Answer:
    """An answer as the conversation reads it."""
    return Answer(response.status_code, response.headers, response.content)


def lost_of(error: httpx.RequestError | TimeoutError) -> Lost:
    """A try that ended in an error of the network."""
    kind = type(error).__name__
    if isinstance(error, _NOT_SENT):
        return Lost(f"otp-worker cannot be reached ({kind})", sent=False)
    return Lost(f"otp-worker did not answer ({kind})", sent=True)
