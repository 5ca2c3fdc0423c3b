"""The operator's rules for codes and their delivery, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from otp_worker.domain.quiet_hours import QuietHours
from otp_worker.domain.texts.choice import Languages

MAX_LIFE_SECONDS = 600
"""No code lives longer than this after it was asked for (NIST SP 800-63B-4, 3.1.3.2)."""
MIN_LIFE_SECONDS = 60
"""A code with less life left than this is not sent any more: nobody could type it in time."""

DEFAULT_TEMPLATE = "default"
"""The template that replaces the built-in text."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for every verification; durations in seconds."""

    countries: frozenset[str]
    code_length: int = 6
    ttl_seconds: int = 300
    send_deadline_seconds: int = 300
    resend_after_seconds: int = 30
    max_checks: int = 5
    bcrypt_rounds: int = 10
    templates: Mapping[str, str] = field(default_factory=dict)
    languages: Languages = field(default_factory=Languages)
    gateway_timeout_seconds: float = 15.0
    lease_seconds: float = 30.0
    quiet_hours: QuietHours | None = None

    def notice_waits_until(self, e164: str, now: datetime) -> datetime | None:
        """When a notice to a number may be sent; None where it may be sent at ``now``."""
        return self.quiet_hours.until(e164, now) if self.quiet_hours else None
