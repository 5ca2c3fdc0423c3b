"""Telling endpoints of events: what happened is written for each, posted in order, and tried again for days.

An endpoint is posted to by one worker at a time, for a few seconds, and the first failure ends its turn. So
one that hangs holds one thread until its time is over, and is then left alone for a while.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from otp_worker.domain.endpoint import Endpoint, pause, retry_at
from otp_worker.domain.endpoint_secrets import EndpointSecrets
from otp_worker.domain.keyring import Keyring, UnknownKeyError
from otp_worker.domain.ports import Clock, Outbox, Publish
from otp_worker.gateways.client import BoundedClient
from otp_worker.gateways.exchange import NoAnswerError, NotReachedError
from otp_worker.operations.event_body import body_of, headers_of
from otp_worker.store import endpoint_runs, endpoints, event_fan_out
from otp_worker.store.database import Database
from otp_worker.store.endpoint_runs import DueEvent, Failure

log = structlog.get_logger()

TIMEOUT_SECONDS = 10.0
"""The whole answer must be there within this time."""
RUN_SECONDS = 5.0
"""Nothing more is posted in a turn after this."""
EVENTS_AT_ONCE = 50
LEASE = timedelta(seconds=60)
"""Longer than any turn: an endpoint whose worker died is posted to again then."""
UNREADABLE_PAUSE = timedelta(minutes=1)
WELL_AT_ONCE, FAILING_AT_ONCE = 8, 4
"""So many endpoints are put on the queue by one sweep."""
GONE = 410
NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one post: ``status`` is None where there was no answer."""

    status: int | None
    retry_after: timedelta = timedelta()

    @property
    def is_taken(self) -> bool:
        """Whether the event was taken."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def in_words(self) -> str:
        """The status, or that there was none."""
        return NO_ANSWER if self.status is None else str(self.status)


@dataclass(frozen=True, slots=True)
class EventPoster:
    """Writes and posts events; the operator is told by ``outbox`` of endpoints that take nothing."""

    db: Database
    keyring: Keyring
    client: BoundedClient
    outbox: Outbox
    clock: Clock
    chance: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic

    def fan_out(self, now: datetime) -> int:
        """Write what the new steps are for each endpoint, and what endpoints missed and want again."""
        return event_fan_out.fan_out(self.db, now) + event_fan_out.replay(self.db, now)

    def publish_due(self, publish: Publish, now: datetime) -> int:
        """Publish the endpoints that something waits for; their number."""
        due = [
            endpoint_id
            for failing, limit in ((False, WELL_AT_ONCE), (True, FAILING_AT_ONCE))
            for endpoint_id in endpoint_runs.due_endpoints(self.db, now, failing=failing, limit=limit)
        ]
        for endpoint_id in due:
            publish(endpoint_id)
        return len(due)

    def is_failing(self, endpoint_id: str) -> bool | None:
        """Whether an endpoint fails, and is to hold up none that is well; None if there is no such one."""
        return endpoint_runs.is_failing(self.db, endpoint_id)

    def run(self, endpoint_id: str) -> str:
        """Post what waits for an endpoint, in order; the answer says what came of it, for people."""
        now = self.clock()
        stored = endpoint_runs.lease(self.db, endpoint_id, now, now + LEASE)
        if stored is None:
            return "not due"
        try:
            secrets = EndpointSecrets.open(self.keyring, stored.secrets, endpoint_id)
        except UnknownKeyError as error:
            endpoint_runs.put_aside(self.db, endpoint_id, now + UNREADABLE_PAUSE)
            log.warning("endpoint_secret_unreadable", endpoint=endpoint_id, error=str(error))
            return f"its secret cannot be read: {error}"
        due = endpoint_runs.due(self.db, endpoint_id, now, EVENTS_AT_ONCE)
        taken, failure = self._post_each(due, stored.endpoint, secrets)
        notices = endpoint_runs.settle(
            self.db, endpoint_id, taken, failure, self.outbox.channels, self.clock()
        )
        self.outbox.send(notices)
        said = f"{len(taken)} taken"
        return said if failure is None else f"{said}, then: {failure.answer}"

    def post(self, due: DueEvent, endpoint: Endpoint, secrets: EndpointSecrets) -> Answered:
        """Make one attempt at one event."""
        body = body_of(due, endpoint)
        headers = headers_of(due.event.id, body, endpoint, secrets, self.clock())
        try:
            answer = self.client.post(endpoint.url, body, headers, TIMEOUT_SECONDS)
        except (NotReachedError, NoAnswerError):
            return Answered(None)
        # What is longer is no wait that anybody keeps to, and more than a timedelta may be.
        return Answered(answer.status, timedelta(seconds=min(answer.retry_after_seconds, 1e6)))

    def keep_by_newest_key(self) -> int:
        """Encrypt anew the secrets that an older root secret keeps, while that is listed; their number."""
        kept = 0
        for old in endpoints.kept_by_other_keys(self.db, self.keyring.newest):
            try:
                secrets = EndpointSecrets.open(self.keyring, old.secrets, old.endpoint.id)
            except UnknownKeyError:
                continue
            new = secrets.keep(self.keyring, old.endpoint.id)
            as_before = old.endpoint.previous_secret_until, old.endpoint.updated_at
            kept += endpoints.replace_secrets(self.db, old, new, *as_before)
        return kept

    def _post_each(
        self, due: list[DueEvent], endpoint: Endpoint, secrets: EndpointSecrets
    ) -> tuple[list[str], Failure | None]:
        """Post one after another until one is not taken, or the turn is over."""
        taken: list[str] = []
        failures = endpoint.failures
        began = self.monotonic()
        for each in due:
            answered = self.post(each, endpoint, secrets)
            if not answered.is_taken:
                return taken, self._failure(each, answered, 1 if taken else failures + 1)
            taken.append(each.event.id)
            if self.monotonic() - began >= RUN_SECONDS:
                break
        return taken, None

    def _failure(self, due: DueEvent, answered: Answered, failures: int) -> Failure:
        now = self.clock()
        again = retry_at(due.event.attempts + 1, now, answered.retry_after, self.chance())
        return Failure(
            event_id=due.event.id,
            answer=answered.in_words,
            due_at=again,
            retry_at=now + pause(failures, answered.status, answered.retry_after),
            gone=answered.status == GONE,
        )
