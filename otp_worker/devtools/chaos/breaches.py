"""The kinds of broken promises, and what is found of them."""

from dataclasses import dataclass
from enum import StrEnum


class Breach(StrEnum):
    """A promise that was broken."""

    LOST = "lost"
    """Accepted, and then gone, never ended, sent only in the books, or let expire with nobody trying."""
    LATE = "late"
    """Handed over after its deadline, or after the code's life."""
    UNEXPECTED = "unexpected"
    """A message that nobody asked for."""
    DIFFERING = "differing"
    """Two codes for one verification, or an SMS that does not say what was asked for."""
    UNCAUSED = "doubled without cause"
    """More messages of one delivery than uncertain or abandoned attempts explain."""
    DISOWNED = "disowned"
    """Said to have failed or expired unsent, while the phone has it."""
    KEPT = "kept after its end"
    """A text or a code that an app gave, and that was not wiped when no SMS could follow."""
    UNUSABLE = "unusable"
    """The code that was sent is not the one that is accepted, is accepted twice or ends too early."""
    OUTLIVED = "outlives its cap"
    """A code that may be entered after the end that no code may outlive."""
    OVER_LIMIT = "over the limit"
    """A number that got more SMS than its limit allows."""
    REFUSED = "refused"
    """A valid request that was answered with a refusal."""
    STALLED = "stood still"
    """Nothing left although it was owed and nothing was wrong any more."""
    UNSWEPT = "not swept"
    """No sweep ran although nothing was wrong with those who sweep."""
    SLOW = "slow in calm"
    """Codes that took long although nothing was wrong."""
    FAILED = "failed in calm"
    """A valid request that was answered 5xx although nothing was wrong any more."""
    MISLED = "said ready and was not"
    """``/readyz`` answered 200 while nothing was accepted."""
    DIED = "died"
    """A process that ended by itself."""
    TOO_MANY_DOUBLES = "doubles over the bound"


MUST_BE_NONE = tuple(breach for breach in Breach if breach is not Breach.TOO_MANY_DOUBLES)
"""Those that a report counts; doubles are counted beside their bound."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: of what, and the evidence."""

    breach: Breach
    subject: str
    evidence: str
