"""What became of the codes that were sent: the figures, and what they are told apart by.

A code counts once, in the hour in which it was asked for, however many SMS were sent of it. So the share of
codes that were entered is of the same codes in every hour.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from otp_worker.domain.policy import DEFAULT_TEMPLATE, MAX_LIFE_SECONDS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTLED_AFTER = timedelta(seconds=MAX_LIFE_SECONDS + 60)
"""So long after its request nothing that counts happens to a code: it cannot be entered any more."""
NO_SIM = ""
"""Stands for the SIM of a code whose SMS was taken by a gateway that names none."""


class Dimension(StrEnum):
    """What the figures can be told apart by."""

    APP = "app"
    COUNTRY = "country"
    BLOCK = "block"
    TEMPLATE = "template"
    SIM = "sim"
    HOUR = "hour"
    DAY = "day"


class Cell(NamedTuple):
    """The codes of one app to one country, by one template and one SIM."""

    app: str
    country: str
    template: str = DEFAULT_TEMPLATE
    sim: str = NO_SIM


@dataclass(frozen=True, slots=True)
class SentCodes:
    """How many codes were sent, how many of them arrived in time by a receipt, and how many were entered."""

    sent: int = 0
    delivered: int = 0
    approved: int = 0

    def plus(self, more: "SentCodes") -> "SentCodes":
        """Both together."""
        return SentCodes(
            self.sent + more.sent, self.delivered + more.delivered, self.approved + more.approved
        )

    @property
    def delivered_share(self) -> float | None:
        """The share that arrived by a receipt; None where none was sent."""
        return self.delivered / self.sent if self.sent else None

    @property
    def approved_share(self) -> float | None:
        """The conversion: the share that was entered; None where none was sent."""
        return self.approved / self.sent if self.sent else None
