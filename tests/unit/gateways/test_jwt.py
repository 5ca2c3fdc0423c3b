"""JSON Web Tokens: which one vouches for a webhook, and which does not."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.gateways.jwt import token_is_good

SECRET = b"a signing key"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
HEADER: dict[str, object] = {"alg": "HS256", "typ": "JWT"}
CLAIMS: dict[str, object] = {"nbf": SECONDS - 600, "exp": SECONDS + 600}

# RFC 7515, appendix A.1: a key, and the token that it signs.
RFC_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
RFC_TOKEN = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def token(claims: object, header: object = HEADER, secret: bytes = SECRET) -> str:
    signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def is_good(claims: object = CLAIMS, header: object = HEADER, secret: bytes = SECRET) -> bool:
    return token_is_good(token(claims, header, secret), SECRET, NOW)


def test_the_rfc_s_own_token_is_good_until_its_end() -> None:
    key, ends_at = base64.urlsafe_b64decode(RFC_KEY + "=="), datetime.fromtimestamp(1300819380, UTC)
    assert token_is_good(RFC_TOKEN, key, ends_at - timedelta(seconds=1))
    assert not token_is_good(RFC_TOKEN, key, ends_at)


def test_a_token_signed_by_the_secret_is_good() -> None:
    assert is_good()


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"nbf": SECONDS, "exp": SECONDS + 1}, True),
        ({"nbf": SECONDS + 1, "exp": SECONDS + 600}, False),
        ({"exp": SECONDS + 1}, True),
        ({"exp": SECONDS}, False),
        ({"exp": SECONDS - 600}, False),
        ({"exp": SECONDS + 0.5}, True),
        ({"nbf": SECONDS - 600}, False),
        ({"exp": str(SECONDS + 600)}, False),
        ({"exp": None}, False),
        ({"exp": float("nan")}, False),
        ({"nbf": "0", "exp": SECONDS + 600}, False),
        ([SECONDS + 600], False),
        ("text", False),
    ],
)
def test_it_is_good_from_its_beginning_until_its_end_and_not_without_one(claims: object, good: bool) -> None:
    assert is_good(claims) is good


def test_another_secret_s_token_is_not_good() -> None:
    assert not is_good(secret=b"another signing key")


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS512"}, {"alg": "RS256"}, {}, [], "HS256"])
def test_no_algorithm_but_hs256_is_taken(header: object) -> None:
    assert not is_good(header=header)


@pytest.mark.parametrize("header", [HEADER, {"alg": "none"}])
def test_an_unsigned_token_is_not_good(header: dict[str, object]) -> None:
    signed = token(CLAIMS, header).rpartition(".")[0]
    assert not token_is_good(f"{signed}.", SECRET, NOW)
    assert not token_is_good(signed, SECRET, NOW)


def test_a_changed_part_is_not_good() -> None:
    header, claims, signature = token(CLAIMS).split(".")
    later = encoded(json.dumps({"exp": SECONDS + 10**9}).encode())
    assert token_is_good(f"{header}.{claims}.{signature}", SECRET, NOW)
    assert not token_is_good(f"{header}.{later}.{signature}", SECRET, NOW)
    assert not token_is_good(f"{header}.{claims}.{signature}=", SECRET, NOW)
    assert not token_is_good(f"{header}.{claims}.x.{signature}", SECRET, NOW)


def test_time_passes_for_a_token_that_is_kept() -> None:
    kept = token(CLAIMS)
    assert token_is_good(kept, SECRET, NOW + timedelta(seconds=599))
    assert not token_is_good(kept, SECRET, NOW + timedelta(seconds=600))


@given(st.text())
def test_no_text_ever_raises_or_is_good(text: str) -> None:
    assert token_is_good(text, SECRET, NOW) is False


@given(st.binary(), st.binary())
def test_no_signed_bytes_ever_raise(header: bytes, claims: bytes) -> None:
    signed = f"{encoded(header)}.{encoded(claims)}"
    mac = hmac.digest(SECRET, signed.encode(), hashlib.sha256)
    assert isinstance(token_is_good(f"{signed}.{encoded(mac)}", SECRET, NOW), bool)
