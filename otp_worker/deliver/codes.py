"""The code of a delivery: derived and never stored, or given by its app and sealed to the workers.

Its hash is kept before anybody can have it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from otp_worker.domain.keyring import Keyring, UnknownKeyError
from otp_worker.domain.passcode import (
    Derivation,
    UnknownDerivationError,
    derive_code,
    hash_code,
    linked,
    parse_derivation,
)
from otp_worker.domain.payment import Payment
from otp_worker.domain.ports import Clock
from otp_worker.domain.sealing import BrokenSealError, Unsealer
from otp_worker.domain.step import StepKind
from otp_worker.store.code_hashes import keep_hash
from otp_worker.store.database import Database
from otp_worker.store.job import Job

IMPOSSIBLE = (UnknownKeyError, UnknownDerivationError, BrokenSealError)
"""Why no worker can make the code of a delivery."""
TEST_KEY = "test"
TEST_CODE = "1234567890"
"""A test key's verification has the first digits of this as its code."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Makes codes, and stores what checks are judged against; ``rounds`` is bcrypt's cost.

    ``unsealer`` opens the texts of messages.
    """

    db: Database
    keyring: Keyring
    unsealer: Unsealer
    rounds: int

    def timed(self, job: Job, clock: Clock, monotonic: Callable[[], float]) -> str | None:
        """The same as ``content``; where it is hashed now, the job is told how long that took."""
        began = monotonic()
        content = self.content(job)
        if content is not None and not job.hashed and not job.is_message:
            took = round((monotonic() - began) * 1000)
            job.steps.append(job.step(clock(), StepKind.HASHED, milliseconds=took))
        return content

    def content(self, job: Job) -> str | None:
        """The code of a delivery, or a message's text; None if it is not wanted any more.

        Raises as ``code`` does.
        """
        if not job.is_message:
            return self.code(job)
        return None if job.sealed is None else self.unsealer.open(job.sealed, job.verification_id)

    def code(self, job: Job) -> str | None:
        """The code of a delivery; None if it is not wanted any more.

        Raises UnknownSealKeyError where another worker can make it, and one of ``IMPOSSIBLE``.
        """
        if job.derivation == Derivation.GIVEN:
            return None if job.sealed is None else self.unsealer.open(job.sealed, job.verification_id)
        if job.seed is None or (job.derivation == Derivation.LINKED and job.sealed is None):
            return None
        key_id = TEST_KEY if job.test else job.code_key_id or self.keyring.newest_code_key
        code = self._derive(job, job.seed, key_id)
        if job.hashed:
            return code
        pepper = self.keyring.pepper(job.key_id)
        hashed = linked(code, self._link(job))
        code_hash = hash_code(pepper, job.verification_id, hashed, self.rounds)
        kept = keep_hash(self.db, job.verification_id, code_hash, key_id)
        if kept is None:
            return None
        return code if kept == key_id else self._derive(job, job.seed, kept)

    def _derive(self, job: Job, seed: bytes, key_id: str) -> str:
        if job.test:
            return TEST_CODE[: job.code_length]
        key, derivation = self.keyring.code_key(key_id), parse_derivation(job.derivation)
        link = self._link(job)
        return derive_code(key, seed, job.verification_id, job.code_length, derivation, link)

    def payment(self, job: Job) -> Payment | None:
        """The payment that a delivery's code is for, if it is for one. Raises what ``code`` does."""
        link = self._link(job)
        return Payment.of_link(link) if link else None

    def _link(self, job: Job) -> str:
        if job.derivation != Derivation.LINKED or job.sealed is None:
            return ""
        return self.unsealer.open(job.sealed, job.verification_id)
