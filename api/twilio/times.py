"""Instants as Twilio's clients read them."""

from datetime import UTC, datetime


def iso(instant: datetime) -> str:
    """To the second and with a Z: the client for Python leaves every other spelling a text."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
