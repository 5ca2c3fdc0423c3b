"""The steps that a verification left."""

from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import Verification
from otp_worker.store import steps
from tests.contract.service import Service

OTHER_NUMBER = "+447400654321"
SENT_AT_ONCE = [
    ("accepted", None),
    ("claimed", None),
    ("hashed", None),
    ("attempt", "accepted"),
    ("taken", None),
]


def trail(service: Service, verification: Verification) -> list[tuple[str, str | None]]:
    """The kinds and outcomes of its steps."""
    return [(step.kind.value, step.outcome) for step in of(service, verification)]


def of(service: Service, verification: Verification) -> list[Step]:
    return steps.of_verifications(service.db, [verification.id])[verification.id]


def only(service: Service, verification: Verification, kind: StepKind) -> Step:
    """Its one step of a kind."""
    [step] = [each for each in of(service, verification) if each.kind is kind]
    return step
