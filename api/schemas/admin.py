"""The bodies of ``/v1/admin``."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from otp_worker.domain.pumping import PumpedKind
from otp_worker.store.pauses import Pause

from .fields import Incoming, To


class NumberBody(Incoming):
    """A phone number."""

    to: To


class ExemptBody(Incoming):
    """What is not to be paused, and for how long."""

    target: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        description="A country code, a number of the block, or a name that the list shows.",
        examples=["GB"],
    )
    hours: int = Field(24, ge=0, le=24 * 365)


class PauseBody(BaseModel):
    """A block or a country that was paused for what looked like SMS pumping, or is exempt from it."""

    name: str
    kind: PumpedKind
    label: str = Field(description="A country's code; a block's numbers without their last four digits.")
    app: str | None = Field(description="The app whose sends are paused; null is an exemption for all apps.")
    state: Literal["paused", "exempt", "watched"]
    reason: str | None = Field(description="The figures it was last paused for, in words.")
    paused_at: datetime | None
    paused_until: datetime | None
    exempt_until: datetime | None

    @classmethod
    def of(cls, each: Pause, now: datetime) -> "PauseBody":
        """A pause as it stands at ``now``."""
        return cls(
            name=each.name,
            kind=each.kind,
            label=each.label,
            app=each.app,
            state=each.state(now),
            reason=each.reason,
            paused_at=each.paused_at,
            paused_until=each.paused_until,
            exempt_until=each.exempt_until,
        )


class PausesBody(BaseModel):
    """Every block and country that was paused or exempted, the last one first."""

    pauses: list[PauseBody]


class UnlockedBody(BaseModel):
    """A number that is unlocked now, masked."""

    to: str


class ErasedBody(BaseModel):
    """How many rows of a number, masked, are gone."""

    to: str
    verifications: int
    replies: int
