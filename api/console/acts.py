"""What an operator does in the console: written down before it is done, then with what came of it."""

from collections.abc import Callable

import structlog

from otp_worker.domain.errors import RequestError
from otp_worker.domain.ports import Clock
from otp_worker.store import audit
from otp_worker.store.database import Database

log = structlog.get_logger()


class Acts:
    """Performs acts, each with a row of the audit and a line of the log."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def perform(self, login: str, action: str, subject: str, act: Callable[[], str]) -> str:
        """Do it; the id of its row, whose outcome says what came of it, a refusal too.

        ``act`` answers with a sentence; ``subject`` holds no number, no code and no key.
        """
        entry_id = audit.begin(self._db, login, action, subject, self._clock())
        try:
            outcome = act()
        except RequestError as error:
            outcome = error.sentence
        audit.settle(self._db, entry_id, outcome)
        log.info("console_act", login=login, action=action, subject=subject, outcome=outcome)
        return entry_id
