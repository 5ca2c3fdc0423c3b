"""What is kept of a code at one moment, and what is to be said of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from otp_worker.domain.cause import Cause, explain
from otp_worker.domain.sim import Sim
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import Delivery, DeliveryStatus, Verification, VerificationStatus

ID = "ver_" + "0" * 26
ASKED = datetime(2026, 5, 12, 22, 10, tzinfo=UTC)
SIMS = (Sim("gb1", "mac1", countries=frozenset({"GB"})), Sim("de1", "modem", countries=frozenset({"DE"})))
OFFLINE = "no paired phone is online (device_offline)"


def at(seconds: float) -> datetime:
    """So many seconds after the request."""
    return ASKED + timedelta(seconds=seconds)


VERIFICATION = Verification(
    id=ID,
    app="shop",
    status=VerificationStatus.PENDING,
    reason=None,
    to="+44********56",
    user="user-17",
    channel="sms",
    checks=0,
    max_checks=5,
    created_at=ASKED,
    expires_at=at(600),
    resend_at=at(30),
    ended_at=None,
    newest_delivery=None,
)
QUEUED = Delivery(
    id=f"{ID}.1",
    status=DeliveryStatus.QUEUED,
    attempts=0,
    route="GB",
    gateway=None,
    sim=None,
    reason=None,
    created_at=ASKED,
    due_at=ASKED,
    deadline_at=at(300),
    sent_at=None,
    delivered_at=None,
)
VIA: dict[str, Any] = {"gateway": "mac1", "sim": "gb1"}
WAITING = replace(QUEUED, status=DeliveryStatus.WAITING, reason=OFFLINE)
SENDING = replace(QUEUED, status=DeliveryStatus.SENDING, attempts=1)
SENT = replace(
    QUEUED, status=DeliveryStatus.SENT, attempts=1, reason="accepted by the gateway", sent_at=at(4), **VIA
)
DELIVERED = replace(SENT, status=DeliveryStatus.DELIVERED, delivered_at=at(6))
UNDELIVERED = replace(
    SENT, status=DeliveryStatus.UNDELIVERED, reason="the gateway reports it as not delivered"
)


def over(status: VerificationStatus, seconds: float, reason: str | None = None, **more: Any) -> Verification:
    """The verification, ended so many seconds after the request."""
    return replace(VERIFICATION, status=status, ended_at=at(seconds), reason=reason, **more)


def step(kind: StepKind, seconds: float, number: int | None = 1, **more: Any) -> Step:
    """A step so many seconds after the request."""
    return Step(at(seconds), kind, ID, number, **more)


def away(since: float, until: float | None = None, **more: Any) -> list[Step]:
    """The breaker's steps of an outage."""
    whose: dict[str, Any] = {"gateway": "mac1", "detail": OFFLINE, **more}
    opened = Step(at(since), StepKind.BREAKER_OPENED, **whose)
    if until is None:
        return [opened]
    whose.pop("detail")
    milliseconds = round((until - since) * 1000)
    return [opened, Step(at(until), StepKind.BREAKER_CLOSED, milliseconds=milliseconds, **whose)]


@dataclass(frozen=True)
class Situation:
    """What is kept, when it is looked at, and what is said to operators and to apps."""

    name: str
    operators: str
    apps: str
    verification: Verification = VERIFICATION
    deliveries: Sequence[Delivery] = (QUEUED,)
    steps: Sequence[Step] = ()
    outages: Sequence[Step] = ()
    now: float = 60
    sims: Sequence[Sim] = SIMS

    @property
    def told(self) -> Cause:
        """What is said of it."""
        return explain(
            self.verification, self.deliveries, self.steps, self.outages, at(self.now), sims=self.sims
        )


REFUSED = replace(
    QUEUED,
    status=DeliveryStatus.FAILED,
    attempts=1,
    reason="the gateway refuses this message (not_a_mobile)",
    **VIA,
)
EXPIRED = replace(WAITING, status=DeliveryStatus.EXPIRED, reason=f"not sent in time: {OFFLINE}")
RESENT = replace(QUEUED, id=f"{ID}.2", created_at=at(40), due_at=at(40), deadline_at=at(340))
CALLED_BACK = replace(QUEUED, status=DeliveryStatus.SUPERSEDED, reason="canceled before it was sent")
UNTIL = "at the latest until 22:15"
