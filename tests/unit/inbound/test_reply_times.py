"""When a reply was texted: however its gateway writes that, and where it does not say."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from unittest.mock import sentinel

import pytest

from otp_worker.domain.gateway import CallbackRequest, Gateway, Reply
from otp_worker.gateways.httpsms import HttpSms
from otp_worker.gateways.kannel import Kannel
from otp_worker.gateways.mobile_api_connect import MobileApiConnect
from otp_worker.gateways.parsing import instant
from otp_worker.gateways.smsgate import SmsGate
from otp_worker.gateways.textbee import Textbee

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNREADABLE: list[object] = [
    "yesterday",
    "",
    "12:00",
    "1970-01-01T00:00:00Z",
    0,
    "0",
    -1,
    True,
    [],
    {},
    None,
    1e300,
    "9" * 40,
]
URL = "http://gateway.invalid"
DEVICE = "0" * 24
MISSING = sentinel.missing
ARABIC = "1772366400".translate({ord("0") + digit: 0x660 + digit for digit in range(10)})


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01T12:00:00Z",
        " 2026-03-01T12:00:00Z ",
        "2026-03-01T13:00:00+01:00",
        "2026-03-01 12:00:00",
        "20260301T120000Z",
        1772366400,
        1772366400.0,
        "1772366400",
        "1772366400.000",
        1772366400000,
        "1772366400000",
    ],
)
def test_a_time_is_read_however_it_is_written(written: object) -> None:
    assert instant(written) == NOON


@pytest.mark.parametrize(
    "odd",
    [
        *UNREADABLE,
        "0001-01-01T00:00:00+10:00",
        float("nan"),
        10**400,
        "\u0661\u0667\u0667\u0662\u0663\u0666\u0666\u0664\u0660\u0660",
    ],
)
def test_what_tells_no_time_is_none(odd: object) -> None:
    assert instant(odd) is None


def posted(body: dict[str, object]) -> CallbackRequest:
    return CallbackRequest({}, json.dumps(body).encode())


def timed(name: str, at: object) -> dict[str, object]:
    """The field that says when, unless it is missing."""
    return {} if at is MISSING else {name: at}


def mobile_api_connect(at: object) -> tuple[Gateway, CallbackRequest]:
    told = {"event": "message.received", "from": "447400123456", "text": "STOP"}
    return MobileApiConnect("g", URL, "sk_live_x"), posted(told | timed("receivedAt", at))


def smsgate(at: object) -> tuple[Gateway, CallbackRequest]:
    payload = {"sender": "+447400123456", "message": "STOP"} | timed("receivedAt", at)
    return SmsGate("g", URL, "u:p"), posted({"event": "sms:received", "payload": payload})


def httpsms(at: object) -> tuple[Gateway, CallbackRequest]:
    data = {"contact": "+447400123456", "content": "STOP"} | timed("timestamp", at)
    return HttpSms("g", URL, "k", "+447700900000"), posted({"type": "message.phone.received", "data": data})


def textbee(at: object) -> tuple[Gateway, CallbackRequest]:
    told: dict[str, object] = {
        "webhookEvent": "MESSAGE_RECEIVED",
        "deviceId": DEVICE,
        "sender": "+447400123456",
        "message": "STOP",
    }
    return Textbee("g", URL, "k", DEVICE), posted(told | timed("receivedAt", at))


def kannel(at: object) -> tuple[Gateway, CallbackRequest]:
    query = {"from": "+447400123456", "text": "STOP"} | {
        name: str(value) for name, value in timed("at", at).items()
    }
    return Kannel("g", URL, "u", "p"), CallbackRequest({}, b"", query)


@pytest.mark.parametrize("post", [mobile_api_connect, smsgate, httpsms, textbee, kannel])
@pytest.mark.parametrize("at", [MISSING, *UNREADABLE], ids=repr)
def test_no_gateways_stop_is_lost_for_its_time(
    post: Callable[[object], tuple[Gateway, CallbackRequest]], at: object
) -> None:
    gateway, request = post(at)
    (reply,) = gateway.read_callback(request)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.received_at) == ("STOP", None)
    assert gateway.read_callback(request) == [reply]
