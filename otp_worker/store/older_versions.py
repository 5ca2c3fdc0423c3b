"""Whether processes of an older version may run beside this one, over the same database."""

from dataclasses import dataclass, field

from otp_worker.domain.passcode import Derivation
from otp_worker.store import counters
from otp_worker.store.database import Database

COUNTER = "code_derivation"
"""The newest derivation that no older worker can meet; migrations set it over an empty database."""
KNOWN_TO = {"0.1": 0, "0.2": int(Derivation.WIDE), "0.3": int(max(Derivation))}
"""The newest derivation that each version knows."""


@dataclass(slots=True)
class OlderVersions:
    """Until they are gone, nothing is written or told that only this version understands.

    ``oldest`` is the operator's word that none older runs any more; a database that this version made needs
    none.
    """

    db: Database
    oldest: str
    _known: int | None = field(default=None, init=False)

    def know(self, derivation: Derivation) -> bool:
        """Whether every worker there can be knows a derivation; read once, as only an empty database is
        ever marked.
        """
        if self._known is None:
            self._known = max(KNOWN_TO[self.oldest], counters.read(self.db, [COUNTER])[COUNTER])
        return self._known >= derivation

    def may_run(self) -> bool:
        """Whether a process of the first version may be at work."""
        return not self.know(Derivation.WIDE)
