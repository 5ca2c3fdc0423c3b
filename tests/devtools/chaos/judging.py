"""Hand-made records before all the rules at once."""

from dataclasses import replace
from typing import Any

from otp_worker.devtools.chaos.breaches import Breach
from otp_worker.devtools.chaos.plan import Fault, Kind
from otp_worker.devtools.chaos.records import Records, Span, Terms
from otp_worker.devtools.chaos.rules import RULES
from tests.devtools.chaos.records import after

STEPPED = Terms(deadline_seconds=60, life_seconds=300, cap_seconds=600, clocks_differ_by=0.5)


def judged(found: Records, **changes: Any) -> list[tuple[Breach, str]]:
    """What is found in them, in a run whose clocks were off unless ``changes`` say otherwise."""
    spoilt = replace(found, **({"terms": STEPPED} | changes))
    return [(finding.breach, finding.subject) for rule in RULES for finding in rule(spoilt)]


def span(kind: Kind, target: str, begun: float, healed: float) -> Span:
    """A fault from one instant to another."""
    return Span(Fault(begun, healed - begun, kind, target), after(begun), after(healed))
