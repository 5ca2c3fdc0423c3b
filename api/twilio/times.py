"""Instants as Twilio's clients read them."""

from datetime import UTC, datetime
from email.utils import format_datetime


def iso(instant: datetime) -> str:
    """To the second and with a Z: the client for Python leaves every other spelling a text."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc_2822(instant: datetime) -> str:
    """As Twilio Messages, the older of its shapes, writes it."""
    return format_datetime(instant.astimezone(UTC).replace(microsecond=0))
