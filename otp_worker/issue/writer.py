"""Writing a send: counted in Redis, written with what the database counts, then put on the queue."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, Remaining
from otp_worker.domain.ports import PublishAll
from otp_worker.issue.admission import admit
from otp_worker.protection.rate_limiter import RedisLimiter
from otp_worker.store import deliveries, resend
from otp_worker.store import issue as statements
from otp_worker.store.batch import insert_batch
from otp_worker.store.batcher import Batcher
from otp_worker.store.database import Database, concerns_all
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.store.issue import Answer, NewSend, SendPreconditions
from otp_worker.store.new_delivery import NewDelivery

log = structlog.get_logger()

WRITTEN_SECONDS = 0.25
"""So long after it was counted a send may be still unseen: what is longer in writing is an outage."""
LOOK_SECONDS = 0.025


@dataclass(slots=True)
class SendWriter:
    """Writes sends that pass their guards, and publishes their deliveries.

    ``announce`` lets operators see those that wait in the database, of which nothing is published.
    """

    db: Database
    limiter: RedisLimiter
    publish: PublishAll
    announce: PublishAll
    _together: Batcher[NewSend, list[Remaining]] = field(init=False)

    def __post_init__(self) -> None:
        self._together = Batcher(self.write_all, concerns_all)

    def write(self, send: NewSend) -> list[Remaining]:
        """Write a new verification with its first delivery, if it has one; what the limits leave.

        Raises PendingError for what repeats a pending verification, UnauthenticatedError where the app's key
        is revoked, and as its guard does.
        """
        try:
            return self._together(send)
        except RateLimitExceededError as full:
            self._refuse_as_repeated(send, full)
            raise

    def write_resend(
        self, new: NewDelivery, next_resend_at: datetime, guard: SendPreconditions
    ) -> list[Remaining]:
        """Write one more delivery of a verification; what the limits leave.

        Raises ResendNotAllowedError, and as the guard does.
        """

        def write(
            guards: Mapping[str, SendPreconditions], _refused: Mapping[str, Answer]
        ) -> Mapping[str, Answer]:
            return {new.id: resend.insert_resend(self.db, new, next_resend_at, guards[new.id])}

        answer = admit(self.limiter, {new.id: guard}, new.created_at, write)[new.id]
        if isinstance(answer, Exception):
            raise answer
        self._publish([new])
        return answer

    def write_all(self, sends: Sequence[NewSend]) -> list[Answer]:
        """Count, write and publish what several threads are asked for at this moment, in one go."""
        refused = statements.find_refused(self.db, sends)
        by_id = {send.new.id: send for send in sends if send.new.id not in refused}

        def write(
            guards: Mapping[str, SendPreconditions], _refused: Mapping[str, Answer]
        ) -> Mapping[str, Answer]:
            admitted = [replace(by_id[name], guard=guard) for name, guard in guards.items()]
            return dict(zip(guards, statements.insert_verifications(self.db, admitted), strict=True))

        now = max(send.new.created_at for send in sends)
        answers = admit(self.limiter, {name: send.guard for name, send in by_id.items()}, now, write)
        answers |= refused
        written = [send.first for send in sends if not isinstance(answers[send.new.id], Exception)]
        self._publish([first for first in written if first is not None])
        return [answers[send.new.id] for send in sends]

    def write_batch(
        self,
        sends: Sequence[NewSend],
        batch_id: str,
        once: IdempotencyKey | None,
        answer_to: Callable[[Mapping[str, Answer]], str],
    ) -> str:
        """Count, write and publish the sends of one request; what ``answer_to`` makes of what became of them.

        They share one transaction. It is given for each send, by its id, what the limits leave or why it is
        refused. Raises
        UnauthenticatedError where the app's key is revoked, and RequestInFlightError.
        """
        for refusal in statements.find_refused(self.db, sends).values():
            raise refusal
        by_id = {send.new.id: send for send in sends}

        def write(
            guards: Mapping[str, SendPreconditions], refused: Mapping[str, Answer]
        ) -> Mapping[str, Answer]:
            admitted = [replace(by_id[name], guard=guard) for name, guard in guards.items()]
            return insert_batch(
                self.db,
                admitted,
                batch_id,
                once,
                now,
                lambda found: answer_to(_told(guards, refused, found)),
            )

        now = sends[0].new.created_at
        answers = admit(self.limiter, {name: send.guard for name, send in by_id.items()}, now, write)
        written = [send.first for send in sends if not isinstance(answers[send.new.id], Exception)]
        self._publish([first for first in written if first is not None])
        return answer_to(answers)

    def _refuse_as_repeated(self, send: NewSend, full: RateLimitExceededError) -> None:
        """Raise PendingError for a send that repeats one which another process is writing at this moment.

        That one is counted for its number already, and cannot be seen yet. Whoever is refused because of it
        looks until it is written, in a thread of its own and for a quarter of a second at most.
        """
        # Two machines' clocks may tell this: one that is ahead makes it negative.
        since_filled = abs(full.seconds - (full.retry_at - send.new.created_at).total_seconds())
        if send.instead or full.limit is not Limit.NUMBER or since_filled >= WRITTEN_SECONDS:
            return
        for looks in range(math.ceil((WRITTEN_SECONDS - since_filled) / LOOK_SECONDS)):
            time.sleep(LOOK_SECONDS if looks else 0)
            if refused := statements.find_refused(self.db, [send]):
                raise refused[send.new.id]

    def _publish(self, written: Sequence[NewDelivery]) -> None:
        """Put on the queue what is written. Never raises: it is accepted, whatever fails from here on."""
        # After the commit: a worker must find the rows. A failure here is the sweep's to mend, and soon.
        published = [delivery.id for delivery in written if delivery.published_at is not None]
        waiting = [delivery.id for delivery in written if delivery.published_at is None]
        try:
            if published and not self.publish(published):
                deliveries.mark_published(self.db, published, None)
            if waiting:
                self.announce(waiting)
        except Exception as error:
            log.warning("left_to_the_sweep", deliveries=published, error=type(error).__name__)


def _told(
    guards: Mapping[str, SendPreconditions], refused: Mapping[str, Answer], written: Mapping[str, Answer]
) -> dict[str, Answer]:
    """What each send is answered: of one that is written, what was left in Redis stands first."""
    answers = dict(refused)
    for name, answer in written.items():
        answers[name] = answer if isinstance(answer, Exception) else [*guards[name].left, *answer]
    return answers
