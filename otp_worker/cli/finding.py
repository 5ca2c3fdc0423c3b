"""What the doctor finds about one thing, and all of it in one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    LOOK = "look"
    FIX = "fix"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing, and where it is not ok, what to do.

    ``chosen`` is what the operator has set up so: it is to be looked at, and nothing is wrong just now.
    """

    name: str
    verdict: Verdict
    detail: str
    chosen: bool = False

    @property
    def fails(self) -> bool:
        """Whether something does not work as it should."""
        return self.verdict is Verdict.FIX or (self.verdict is Verdict.LOOK and not self.chosen)


def summarize(findings: Sequence[Finding]) -> Finding:
    """All of it in one line, the worst first: its verdict is theirs, and it fails as they do."""
    names = {
        verdict: ", ".join(dict.fromkeys(each.name for each in findings if each.verdict is verdict))
        for verdict in (Verdict.FIX, Verdict.LOOK)
    }
    said = [f"{verdict}: {named}" for verdict, named in names.items() if named]
    worst = next((verdict for verdict, named in names.items() if named), Verdict.OK)
    chosen = not any(finding.fails for finding in findings)
    return Finding("summary", worst, "; ".join(said) or "ok: all is well", chosen)
