"""Whether far fewer codes are entered than usual: what a carrier that swallows SMS looks like."""

from collections.abc import Iterable

from otp_worker.domain.pumping import Figures, highest_conversion

HALF = 0.5
JUDGED_SENDS = 20
"""Of fewer codes in the last hour nothing is said."""


def usual_share(apps: Iterable[tuple[Figures, float | None]]) -> tuple[Figures, float]:
    """The codes of all apps together, and the share of them that would usually be entered.

    An app is what it sent, and the share of its codes that is usual; one that has no past is left out.
    """
    known = [(figures, share) for figures, share in apps if share is not None]
    sends = sum(figures.sends for figures, _ in known)
    together = Figures(sends, sum(figures.approvals for figures, _ in known))
    expected = sum(figures.sends * share for figures, share in known)
    return together, expected / sends if sends else 0.0


def is_halved(recent: Figures, usual: float) -> bool | None:
    """Whether at most half as many are entered as usual, 95 % sure; None where nothing can be said."""
    if recent.sends < JUDGED_SENDS:
        return None
    if highest_conversion(recent) < HALF * usual:
        return True
    return None if recent.conversion < HALF * usual else False
