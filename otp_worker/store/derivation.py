"""Whether new verifications may remember a derivation that older workers do not know."""

from dataclasses import dataclass

from otp_worker.domain.passcode import Derivation
from otp_worker.store import counters
from otp_worker.store.database import Database

COUNTER = "code_derivation"
"""The newest derivation that no older worker can meet; migrations set it over an empty database."""


@dataclass(slots=True)
class Derivations:
    """``allowed`` is the operator's word that no older worker runs; a database of this version needs none."""

    db: Database
    allowed: bool

    def may_be_wide(self) -> bool:
        """Whether every worker there can be knows the wide derivation. Once they do, they always will."""
        if not self.allowed:
            self.allowed = counters.read(self.db, [COUNTER])[COUNTER] >= Derivation.WIDE
        return self.allowed
