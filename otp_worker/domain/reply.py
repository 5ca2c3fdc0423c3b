"""What a person texts back."""

from enum import StrEnum

REPLY_LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "pt")
"""The languages whose words are understood in replies."""


class ReplyKind(StrEnum):
    """What a reply says, and did."""

    STOP = "stop"
    START = "start"
    REPORT = "report"
    """Somebody else asked for the code."""
    APPROVED = "approved"
    """The token of a verification, from its number."""
    OTHER = "other"
    """Something for support."""
