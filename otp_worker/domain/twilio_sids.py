"""Twilio's names for what there is here: each is computed from ours and back, and none is stored.

A sid is two letters and 32 hexadecimal digits. No sid is a secret.
"""

import hashlib
import re

from ulid import ULID

from otp_worker.domain.message import ID_PREFIX as MESSAGE

ACCOUNT, API_KEY, SERVICE, VERIFICATION, ATTEMPT, SMS = "AC", "SK", "VA", "VE", "VL", "SM"
TEMPLATE, RATE_LIMIT, BUCKET = "HJ", "RK", "BL"
_VERIFICATION_ID = "ver_"
_HEX = re.compile(r"[0-9a-f]{32}")
_NUMBER_SHIFT = 122
"""The six highest bits of a ULID are those of its time, and nought until the year 2109."""
_MOST_NUMBERS = 63


def account_sid(app: str) -> str:
    """The account of an app: the same for all its keys, another one for its rehearsals."""
    return ACCOUNT + _digest("account", app)


def service_sid(app: str, purpose: str | None) -> str:
    """The Verify service by which an app asks for codes for a purpose, or for those without one."""
    return SERVICE + _digest("service", app, purpose or "")


def template_sid(name: str) -> str:
    """The sid of a template, an app's or the operator's."""
    return TEMPLATE + _digest("template", name)


def rate_limit_sid(app: str, bucket: str) -> str:
    """The sid of a bucket of an app's own."""
    return RATE_LIMIT + _digest("rate limit", app, bucket)


def bucket_sid(app: str, bucket: str, count: int, seconds: int) -> str:
    """The sid of one of its rates."""
    return BUCKET + _digest("bucket", app, bucket, str(count), str(seconds))


def verification_sid(verification_id: str) -> str:
    """The sid of a verification."""
    return VERIFICATION + ULID.from_str(verification_id.removeprefix(_VERIFICATION_ID)).hex


def message_sid(message_id: str) -> str:
    """The sid of a message."""
    return SMS + ULID.from_str(message_id.removeprefix(MESSAGE)).hex


def verification_id(sid: str) -> str | None:
    """The verification of a sid; None where it can be no verification's."""
    return _id(sid, VERIFICATION, _VERIFICATION_ID)


def message_id(sid: str) -> str | None:
    """The message of a sid; None where it can be no message's."""
    return _id(sid, SMS, MESSAGE)


def attempt_sid(delivery_id: str) -> str:
    """The sid of one SMS of a verification: its digits, with the SMS's number in the highest bits."""
    verification, _, number = delivery_id.rpartition(".")
    digits = int(verification_sid(verification).removeprefix(VERIFICATION), 16)
    return f"{ATTEMPT}{digits | min(int(number), _MOST_NUMBERS) << _NUMBER_SHIFT:032x}"


def delivery_of(sid: str) -> tuple[str, int] | None:
    """The verification of an attempt's sid, and which of its SMS; None where it can be no attempt's."""
    if not _is(sid, ATTEMPT):
        return None
    digits = int(sid.removeprefix(ATTEMPT), 16)
    found = verification_id(f"{VERIFICATION}{digits & (1 << _NUMBER_SHIFT) - 1:032x}")
    return (found, digits >> _NUMBER_SHIFT) if found else None


def _id(sid: str, kind: str, prefix: str) -> str | None:
    return f"{prefix}{ULID.from_hex(sid.removeprefix(kind))}" if _is(sid, kind) else None


def _is(sid: str, kind: str) -> bool:
    return sid.startswith(kind) and _HEX.fullmatch(sid.removeprefix(kind)) is not None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(("twilio", *parts)).encode()).hexdigest()[:32]
