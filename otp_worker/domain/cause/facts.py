"""All that a cause is told from, and the few things that are read off it again and again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from otp_worker.domain.cause import words
from otp_worker.domain.cause.outages import Outage
from otp_worker.domain.sim import SANDBOX, Sim
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import (
    Delivery,
    DeliveryStatus,
    Verification,
    VerificationStatus,
    is_email,
)

MAYBE_SENT = "it may have been sent"
"""What the reason of a delivery begins with that nobody knows the fate of."""
_MOVED_ON = (StepKind.ATTEMPT, StepKind.PROBE, StepKind.WAITING, StepKind.TAKEN)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a code is where it is: ``for_operators`` names SIMs and gateways, ``for_apps`` does not."""

    for_operators: str
    for_apps: str

    def followed_by(self, more: str) -> "Cause":
        """Both sentences with another one after them; nothing changes where that is empty."""
        return Cause(f"{self.for_operators} {more}", f"{self.for_apps} {more}") if more else self

    def after(self, first: str) -> "Cause":
        """Both sentences with another one before them."""
        return Cause(f"{first} {self.for_operators}", f"{first} {self.for_apps}")


def cause(for_operators: str, for_apps: str | None = None) -> Cause:
    """A cause of two texts, made sentences of; of one where nothing in it is the operator's affair."""
    return Cause(words.sentence(for_operators), words.sentence(for_apps or for_operators))


def in_words_of_email(told: Cause) -> Cause:
    """The same cause, of an e-mail."""
    return Cause(words.of_email(told.for_operators), words.of_email(told.for_apps))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a verification; deliveries and steps in the order of time, ``zone`` for display.

    Rows of older versions have no steps: then only the rows speak.
    """

    verification: Verification
    deliveries: Sequence[Delivery]
    steps: Sequence[Step]
    outages: Sequence[Outage]
    now: datetime
    zone: tzinfo
    sims: Sequence[Sim]

    @property
    def newest(self) -> Delivery | None:
        """The SMS that was asked for last."""
        return self.deliveries[-1] if self.deliveries else None

    @property
    def is_rehearsal(self) -> bool:
        """Whether a test key asked for it."""
        return any(each.route == SANDBOX for each in self.deliveries)

    @property
    def is_of_email(self) -> bool:
        """Whether the newest delivery is an e-mail."""
        return self.newest is not None and is_email(self.verification, self.newest)

    @property
    def is_over(self) -> bool:
        """Whether the verification has ended."""
        return self.verification.status_at(self.now) is not VerificationStatus.PENDING

    @property
    def sent(self) -> Delivery | None:
        """The last SMS that was, or may have been, handed over."""
        return next((each for each in reversed(self.deliveries) if each.sent_at is not None), None)

    @property
    def wrong_codes(self) -> int:
        """How many wrong codes were typed; what the row counts where there are no steps."""
        told = sum(step.kind is StepKind.CHECK and step.outcome == "wrong" for step in self.steps)
        return told or self.verification.checks

    def of(self, delivery: Delivery, *kinds: StepKind) -> list[Step]:
        """The steps of these kinds that are about a delivery."""
        return [step for step in self.steps if step.delivery_id == delivery.id and step.kind in kinds]

    def last(self, delivery: Delivery, kind: StepKind) -> Step | None:
        """The last step of a kind that is about a delivery."""
        return next(reversed(self.of(delivery, kind)), None)

    def unanswered_claims(self, delivery: Delivery) -> list[Step]:
        """The claims of a delivery since its last attempt or wait: more than one if a worker died over it."""
        claims: list[Step] = []
        for step in self.of(delivery, StepKind.CLAIMED, *_MOVED_ON):
            claims = [] if step.kind in _MOVED_ON else [*claims, step]
        return claims

    def reply(self, outcome: str) -> Step | None:
        """The last reply of a kind."""
        replies = [step for step in self.steps if step.kind is StepKind.REPLY and step.outcome == outcome]
        return replies[-1] if replies else None

    def serving(self, delivery: Delivery) -> list[Sim]:
        """The SIMs that may send a delivery, as far as they are known."""
        return [sim for sim in self.sims if sim.serves(delivery.route) and delivery.route != SANDBOX]

    def outage(self, delivery: Delivery, at: datetime) -> Outage | None:
        """What kept a delivery waiting at an instant: its own gateway's outage first, else any."""
        gateways = {sim.gateway for sim in self.serving(delivery)}
        lasting = [each for each in self.outages if each.holds_at(at)]
        own = [
            each for each in lasting if each.gateway == delivery.gateway and each.sim in (None, delivery.sim)
        ]
        serving = [each for each in lasting if each.gateway in gateways]
        return next(iter(own or serving or lasting), None)

    def outage_before(self, delivery: Delivery, sent_at: datetime) -> Outage | None:
        """The last outage that a delivery waited for before it was sent over that gateway or SIM."""
        waited = [
            each
            for each in self.outages
            if each.gateway == delivery.gateway
            and each.sim in (None, delivery.sim)
            and each.touches(delivery.created_at, sent_at)
        ]
        return waited[-1] if waited else None

    def when(self, instant: datetime) -> str:
        """An instant after a preposition: at 22:10 today, on 12 May otherwise."""
        local = instant.astimezone(self.zone)
        is_today = local.date() == self.now.astimezone(self.zone).date()
        return f"at {self.minute(instant)}" if is_today else f"on {words.day(local)}"

    def minute(self, instant: datetime) -> str:
        """An instant to the minute."""
        return words.to_the_minute(instant, self.now, self.zone)

    def second(self, instant: datetime) -> str:
        """An instant to the second."""
        return words.to_the_second(instant, self.now, self.zone)

    def after_request(self, instant: datetime) -> str:
        """How long after the request something happened."""
        return words.lasting((instant - self.verification.created_at).total_seconds())


def via(delivery: Delivery) -> str:
    """By which SIM or gateway a delivery went, for operators; empty where that is not known."""
    if delivery.sim:
        return f" by SIM {delivery.sim}"
    return f" by gateway {delivery.gateway}" if delivery.gateway else ""


def may_be_sent(delivery: Delivery) -> bool:
    """Whether nobody knows if a delivery was sent."""
    return delivery.status is DeliveryStatus.SENT and (delivery.reason or "").startswith(MAYBE_SENT)
