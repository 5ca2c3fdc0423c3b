"""Idempotency-Key: a request that is repeated has one effect, and gets the same answer for a day.

After the IETF draft "The Idempotency-Key HTTP Header Field". Only what was accepted is remembered: a
request that was refused had no effect, and its repetition is judged anew.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.domain.errors import InvalidFieldError, RequestInFlightError
from otp_worker.domain.keyring import Keyring
from otp_worker.store import idempotency_keys
from otp_worker.store.database import Database
from otp_worker.store.idempotency_keys import Once

log = structlog.get_logger()

HEADER = "Idempotency-Key"
ANSWER_SECONDS = 10
"""A request that has no answer after this long will get none: its process died."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What became of a request: its verification, and its answer unless its process died before that."""

    verification_id: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Remembers requests that name a key."""

    db: Database
    keyring: Keyring

    def once(self, app: str, key: str, request: str) -> Once:
        """What identifies a request. Raises InvalidFieldError."""
        if not _KEY.fullmatch(key):
            raise InvalidFieldError(HEADER, "give 1 to 255 printable ASCII characters without spaces")
        hashes = self.keyring.hashes
        return Once(app, hashes("idempotency key", key), hashes("idempotent request", request))

    def recall(self, once: Once, now: datetime) -> Remembered | None:
        """What became of the request when it was made before; None if it was not.

        Raises InvalidFieldError for another request under the same key, and RequestInFlightError.
        """
        kept = idempotency_keys.find(self.db, once)
        if kept is None:
            return None
        if kept.request_hash not in once.request_hashes:
            raise InvalidFieldError(HEADER, "this key was used for another request; take a new one")
        if kept.answer is None and kept.created_at > now - timedelta(seconds=ANSWER_SECONDS):
            raise RequestInFlightError("this request is being answered; repeat it for its answer")
        return Remembered(kept.verification_id, kept.answer)

    def remember(self, once: Once, answer: str) -> None:
        """Keep the answer for when the request is repeated. Never raises: the request had its effect.

        Without a kept answer a repetition is told what became of the request.
        """
        try:
            idempotency_keys.keep_answer(self.db, once, answer)
        except SQLAlchemyError as error:
            log.warning("answer_not_kept", error=type(error).__name__)
