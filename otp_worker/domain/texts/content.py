"""What one SMS is about, before it is worded."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from otp_worker.domain.texts.autofill import NO_AUTOFILL, Autofill


@dataclass(frozen=True, slots=True)
class Content:
    """The code, what is left of its life, and the ``app`` that asked for it.

    ``shown_name`` is what the app wants to be called; without it only a template names it. ``fields`` are the
    values of those that a template declares. ``payment`` is the amount and the payee that the code is for:
    both are always told.
    """

    code: str
    life_seconds: float
    app: str
    shown_name: str | None = None
    autofill: Autofill = NO_AUTOFILL
    fields: Mapping[str, str] = field(default_factory=dict)
    payment: str | None = None

    @property
    def name(self) -> str:
        """What a template calls the app: without a dot that would make a link of it."""
        return self.shown_name or self.app.replace(".", " ")
