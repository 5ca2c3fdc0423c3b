"""The time zone of who looks: the script tells it in a cookie; without it, UTC."""

import re
from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import falcon

COOKIE = "otp_zone"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*){0,2}")


def zone_of(req: falcon.Request) -> tzinfo:
    """The zone that the browser named, if there is such."""
    return _zone(req.cookies.get(COOKIE, ""))


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    if len(name) > 64 or not _NAME.fullmatch(name):
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return UTC
