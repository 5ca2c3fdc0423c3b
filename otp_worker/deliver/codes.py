"""The code of a delivery: derived, never stored, and its hash kept before anybody can have it."""

from dataclasses import dataclass

from otp_worker.domain.keyring import Keyring
from otp_worker.domain.passcode import derive_code, hash_code, parse_derivation
from otp_worker.domain.sealing import Unsealer
from otp_worker.store.code_hashes import keep_hash
from otp_worker.store.database import Database
from otp_worker.store.job import Job

TEST_KEY = "test"
TEST_CODE = "1234567890"
"""A test key's verification has the first digits of this as its code."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Makes codes, and stores what checks are judged against; ``rounds`` is bcrypt's cost."""

    db: Database
    keyring: Keyring
    unsealer: Unsealer
    rounds: int

    def code(self, job: Job) -> str | None:
        """The code of a delivery; None if it is not wanted any more.

        Raises UnknownKeyError and UnknownDerivationError.
        """
        key_id = TEST_KEY if job.test else job.code_key_id or self.keyring.newest_code_key
        code = self._derive(job, key_id)
        if job.hashed:
            return code
        pepper = self.keyring.pepper(job.key_id)
        code_hash = hash_code(pepper, job.verification_id, code, self.rounds)
        kept = keep_hash(self.db, job.verification_id, code_hash, key_id)
        if kept is None:
            return None
        return code if kept == key_id else self._derive(job, kept)

    def _derive(self, job: Job, key_id: str) -> str:
        if job.test:
            return TEST_CODE[: job.code_length]
        key, derivation = self.keyring.code_key(key_id), parse_derivation(job.derivation)
        return derive_code(key, job.seed, job.verification_id, job.code_length, derivation)
