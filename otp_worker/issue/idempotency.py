"""Idempotency-Key: a request that is repeated has one effect, and gets the same answer for a day.

After the IETF draft "The Idempotency-Key HTTP Header Field". Only what was accepted is remembered: a
request that was refused had no effect, and its repetition is judged anew.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from otp_worker.domain.errors import InvalidFieldError, RequestInFlightError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.ports import Clock
from otp_worker.store import idempotency_keys
from otp_worker.store.connection_errors import DatabaseError
from otp_worker.store.database import Database
from otp_worker.store.idempotency_keys import IdempotencyKey, StoredRequest

log = structlog.get_logger()

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
"""Set to ``true`` where an answer is that of the same request before."""
ANSWER_SECONDS = 10
"""A request that has no answer after this long will get none: its process died."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with; ``replayed`` where it had its effect before."""

    text: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Gives a request that names a key one effect."""

    db: Database
    keyring: Keyring
    clock: Clock

    def run(
        self,
        *,
        app: str,
        key: str | None,
        request: str,
        act: Callable[[IdempotencyKey | None], str],
        recover: Callable[[str], str] | None = None,
    ) -> Answer:
        """The answer to a request: that of ``act``, or of the same request before.

        ``act`` writes what it is given in the transaction that has the effect. ``recover`` makes the answer
        from the verification's id where the process died between the effect and its answer; without it
        ``act`` keeps the answer with the effect. A request without a key always acts.

        Raises InvalidFieldError for a key that is none or was used for another request, RequestInFlightError,
        and what ``act`` and ``recover`` raise.
        """
        if key is None:
            return Answer(act(None))
        once = self.once(app, key, request)
        kept = self._recall(once)
        if kept is not None:
            return Answer(kept.answer or _recovered(recover, kept), replayed=True)
        answer = act(once)
        self._remember(once, answer)
        return Answer(answer)

    def once(self, app: str, key: str, request: str) -> IdempotencyKey:
        """What identifies a request. Raises InvalidFieldError."""
        if not _KEY.fullmatch(key):
            raise InvalidFieldError(HEADER, "give 1 to 255 printable ASCII characters without spaces")
        hashes = self.keyring.hashes
        return IdempotencyKey(app, hashes("idempotency key", key), hashes("idempotent request", request))

    def _recall(self, once: IdempotencyKey) -> StoredRequest | None:
        """The request as it was made before; None if it was not."""
        kept = idempotency_keys.find(self.db, once)
        if kept is None:
            return None
        if kept.request_hash not in once.request_hashes:
            raise InvalidFieldError(HEADER, "this key was used for another request; take a new one")
        if kept.answer is None and kept.created_at > self.clock() - timedelta(seconds=ANSWER_SECONDS):
            raise RequestInFlightError("this request is being answered; repeat it for its answer")
        return kept

    def _remember(self, once: IdempotencyKey, answer: str) -> None:
        """Keep the answer for when the request is repeated. Never raises: the request had its effect."""
        try:
            with self.db.update() as connection:
                idempotency_keys.keep_answer(connection, once, answer)
        except DatabaseError as error:
            log.warning("answer_not_kept", error=type(error).__name__)


def _recovered(recover: Callable[[str], str] | None, kept: StoredRequest) -> str:
    if recover is None:
        raise RequestInFlightError("this request is being answered; repeat it for its answer")
    return recover(kept.verification_id)
