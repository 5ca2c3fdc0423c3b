"""SMSGate's callbacks: who signed them, and when."""

import hashlib
import hmac
from datetime import timedelta

import pytest

from otp_worker.domain.gateway import CallbackRequest
from tests.unit.gateways.smsgate_events import ARABIC, BODY, NOW, SECRET, opened


def signature(secret: str = SECRET, body: bytes = BODY, signed_at: str | None = None) -> str:
    timestamp = signed_at or str(int(NOW.timestamp()))
    return hmac.digest(secret.encode(), body + timestamp.encode(), hashlib.sha256).hex()


def judged(
    given: str,
    signed_at: str | None = None,
    body: bytes = BODY,
    late: float = 0.0,
    secret: str | None = SECRET,
) -> bool | None:
    timestamp = str(int(NOW.timestamp())) if signed_at is None else signed_at
    request = CallbackRequest({"x-signature": given, "x-timestamp": timestamp}, body)
    return opened(secret).signature_is_good(request, NOW + timedelta(seconds=late))


@pytest.mark.parametrize("late", [-300, -299.5, 0, 299.5, 300])
def test_a_signature_over_body_and_timestamp_holds_for_300_seconds_either_way(late: float) -> None:
    assert judged(signature(), late=late) is True


@pytest.mark.parametrize("late", [-86_400, -300.001, 300.001, 86_400])
def test_a_callback_that_is_replayed_later_is_refused(late: float) -> None:
    assert judged(signature(), late=late) is False


def test_a_replay_cannot_be_given_a_new_timestamp() -> None:
    later = str(int(NOW.timestamp()) + 600)
    assert judged(signature(), signed_at=later, late=600) is False


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1e9", " 1772366400", ARABIC, "9" * 5000])
def test_a_timestamp_that_is_no_unix_second_is_refused_even_if_signed(timestamp: str) -> None:
    assert judged(signature(signed_at=timestamp or "."), signed_at=timestamp) is False


@pytest.mark.parametrize(
    "given",
    [
        "",
        "00",
        "\u00e9",
        signature("another key"),
        signature(body=BODY + b" "),
        signature().upper(),
        signature() + "0",
        f"sha256={signature()}",
        hmac.digest(SECRET.encode(), BODY, hashlib.sha256).hex(),
    ],
)
def test_any_other_signature_is_wrong(given: str) -> None:
    assert judged(given) is False


def test_a_signature_without_its_timestamp_is_wrong() -> None:
    request = CallbackRequest({"x-signature": signature()}, BODY)
    assert opened().signature_is_good(request, NOW) is False


@pytest.mark.parametrize("secret", [None, ""])
def test_a_signature_that_cannot_be_judged_is_wrong(secret: str | None) -> None:
    assert judged(signature(""), secret=secret) is False


def test_a_callback_without_a_signature_is_not_judged() -> None:
    request = CallbackRequest({"x-timestamp": str(int(NOW.timestamp()))}, BODY)
    assert opened().signature_is_good(request, NOW) is None
