"""A code that an app gives itself: hashed for checks before the 202, and sealed to the workers to the end."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.keyring import Keyring, UnknownKeyError
from otp_worker.domain.passcode import Derivation, code_matches, hash_code
from otp_worker.domain.sealing import SealingUnavailableError
from otp_worker.issue.request import SendRequest
from otp_worker.issue.sealer import Sealer
from otp_worker.store import pending
from otp_worker.store.database import Database
from otp_worker.store.new_verification import NewVerification


@dataclass(frozen=True, slots=True)
class GivenCodes:
    """Takes codes that apps give; ``workers_know`` tells whether every worker knows what a mark means.

    ``rounds`` is bcrypt's cost.
    """

    db: Database
    keyring: Keyring
    sealer: Sealer
    rounds: int
    workers_know: Callable[[Derivation], bool]

    def refuse_unasked(self, request: SendRequest, app: App) -> None:
        """Raise InvalidFieldError for a code that the app may not give."""
        if request.code is None:
            return
        if not app.settings.custom_codes:
            raise InvalidFieldError("code", "this app gives no codes of its own; its custom_codes decides")
        if request.code_length not in (None, len(request.code)):
            raise InvalidFieldError("code_length", f"the code has {len(request.code)} digits; leave this out")

    def kept(self, new: NewVerification, request: SendRequest) -> NewVerification:
        """What is written of a code that was given. Raises SealingUnavailableError."""
        if request.code is None:
            return new
        refuse_unknown(self.workers_know, Derivation.GIVEN)
        return replace(
            new,
            derivation=Derivation.GIVEN,
            # Nothing is left from which any version could derive another code.
            seed=None,
            sealed=self.sealer.seal(request.code, new.id),
            code_hash=hash_code(self.keyring.pepper(new.key_id), new.id, request.code, self.rounds),
        )

    def is_another(self, verification_id: str, request: SendRequest) -> bool:
        """Whether a request gives another code than the pending verification that it would repeat has."""
        if request.code is None:
            return False
        kept = pending.code_of(self.db, verification_id)
        try:
            return kept is None or not code_matches(
                self.keyring.pepper(kept.key_id), verification_id, request.code, kept.code_hash
            )
        except UnknownKeyError:
            return True


def refuse_unknown(workers_know: Callable[[Derivation], bool], mark: Derivation) -> None:
    """Raise SealingUnavailableError while a worker may run that does not know a mark."""
    if not workers_know(mark):
        raise SealingUnavailableError(
            "an older worker may still run; let the operator set OTP_OLDEST_VERSION once none does"
        )
