"""Whether processes of an older version may run beside this one, over the same database."""

from dataclasses import dataclass, field

from otp_worker.domain.passcode import Derivation
from otp_worker.store import counters
from otp_worker.store.database import Database

COUNTER = "code_derivation"
"""The newest derivation that no older worker can meet; migrations set it over an empty database."""


@dataclass(slots=True)
class OlderVersions:
    """Until they are gone, nothing is written or told that only this version understands.

    ``gone`` is the operator's word that none runs any more; a database that this version made needs none.
    """

    db: Database
    gone: bool
    _may_run: bool | None = field(default=None, init=False)

    def may_run(self) -> bool:
        """Whether one of them may be at work; read once, as only an empty database is ever marked."""
        if self._may_run is None:
            self._may_run = not self.gone and counters.read(self.db, [COUNTER])[COUNTER] < Derivation.WIDE
        return self._may_run

    def are_gone(self) -> bool:
        """Whether every process there can be is of this version."""
        return not self.may_run()
