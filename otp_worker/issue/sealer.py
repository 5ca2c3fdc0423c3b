"""Sealing in the first step: to a key that workers have said they can open."""

from collections.abc import Sequence
from dataclasses import dataclass

from otp_worker.domain.sealing import SealingUnavailableError, SealKey
from otp_worker.store import seal_keys
from otp_worker.store.database import Database

VARIABLE = "OTP_SEAL_PUBLIC_KEY"


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals to the workers; ``keys`` are the public keys that this process knows, newest first."""

    db: Database
    keys: Sequence[SealKey]

    def seal(self, text: str, row_id: str) -> bytes:
        """The text, to be kept in the row ``row_id`` alone. Raises SealingUnavailableError."""
        return self.key().seal(text, row_id)

    def key(self) -> SealKey:
        """The key to seal to. Raises SealingUnavailableError.

        During a rotation this process may know a newer key than the workers: theirs is taken.
        """
        known = seal_keys.known(self.db)
        for key in self.keys:
            if key.id in known:
                return key
        if not known:
            raise SealingUnavailableError("no worker of this version has run yet, so nothing can be sealed")
        raise SealingUnavailableError(
            f"the workers have another key than this process; let the operator set {VARIABLE} "
            "to what otp-worker seal-key prints beside the workers"
        )
