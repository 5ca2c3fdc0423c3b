"""A JSON Web Token (RFC 7519) signed with HS256 (RFC 7515), as far as a webhook needs it judged."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any


def token_is_good(token: str, secret: bytes, now: datetime) -> bool:
    """Whether the secret signed a token that is valid now; one that names no end never is."""
    signed, _, signature = token.rpartition(".")
    header, _, claims = signed.partition(".")
    mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
    expected = base64.urlsafe_b64encode(mac).rstrip(b"=")
    if not hmac.compare_digest(expected, signature.encode()):
        return False
    return _object(header).get("alg") == "HS256" and _is_valid_at(_object(claims), now.timestamp())


def _is_valid_at(claims: dict[str, Any], seconds: float) -> bool:
    begins, ends = claims.get("nbf", 0), claims.get("exp")
    return isinstance(begins, int | float) and isinstance(ends, int | float) and begins <= seconds < ends


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=="))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
