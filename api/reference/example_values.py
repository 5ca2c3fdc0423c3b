"""What all examples share: a moment, and somebody's number."""

from datetime import UTC, datetime, timedelta
from typing import Any

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ADDRESS, MASKED_ADDRESS = "anna@example.com", "a***@example.com"
NUMBER, MASKED = "+447400123456", "+44********56"
TEXTED = "7K3Q-9XWD"

Requests = dict[str, tuple[str, dict[str, Any]]]
"""The examples of a request by their names: what each shows, and the body."""


def at(seconds: float) -> datetime:
    """So long after the examples' moment."""
    return AT + timedelta(seconds=seconds)
