"""The endpoints that apps are told of events at: made, changed and tried by their app or by the operator."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ulid import ULID

from otp_worker.domain.endpoint import (
    BY_HAND,
    ID_PREFIX,
    LONGEST_OVERLAP_SECONDS,
    MOST_ENDPOINTS,
    OVERLAP_SECONDS,
    Endpoint,
    check_events,
    check_url,
)
from otp_worker.domain.endpoint_secrets import EndpointSecrets
from otp_worker.domain.errors import InvalidFieldError, NotFoundError
from otp_worker.domain.keyring import Keyring, UnknownKeyError
from otp_worker.domain.ports import Clock
from otp_worker.operations.apps import no_such_app
from otp_worker.store import endpoint_events, endpoints
from otp_worker.store.database import Database
from otp_worker.store.endpoint_events import EventState, LoggedEvent
from otp_worker.store.endpoints import StoredEndpoint
from otp_worker.store.step_cursor import number_before

_ID = re.compile(r"ep_[0-9A-Z]{26}")
_EVENT_ID = re.compile(r"evt_[0-9A-Z]{26}")


class WithSecret(NamedTuple):
    """An endpoint, and the secret that signs from now on, which is shown this once."""

    endpoint: Endpoint
    secret: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints of apps; ``private`` allows them in the operator's own network.

    ``app`` is whose they are; None acts for the operator, whose all of them are.
    """

    db: Database
    keyring: Keyring
    clock: Clock
    private: bool = False

    def create(
        self, app: str, url: str, events: Sequence[str] | None = None, *, clear_numbers: bool = False
    ) -> WithSecret:
        """A new endpoint. Raises InvalidFieldError and NotFoundError."""
        now = self.clock()
        new = Endpoint(
            id=f"{ID_PREFIX}{ULID.from_datetime(now)}",
            app=app,
            url=check_url(url, private=self.private),
            events=check_events(events),
            clear_numbers=clear_numbers,
            created_at=now,
            updated_at=now,
            events_from=now,
        )
        secrets = EndpointSecrets.new()
        # Postgres does not take every text in a query, NUL for one.
        kept = secrets.keep(self.keyring, new.id)
        made = endpoints.insert_endpoint(self.db, new, kept) if app.isprintable() else None
        if made is None:
            raise no_such_app()
        if not made:
            raise InvalidFieldError("url", f"an app has {MOST_ENDPOINTS} endpoints at most; remove one first")
        return WithSecret(new, secrets.text)

    def all(self, app: str | None) -> list[Endpoint]:
        """The endpoints of an app, or of all, the oldest first."""
        return endpoints.list_endpoints(self.db, app)

    def find(self, app: str | None, endpoint_id: str) -> Endpoint:
        """One of them. Raises NotFoundError."""
        return self._stored(app, endpoint_id).endpoint

    def change(self, app: str | None, endpoint_id: str, changes: Mapping[str, object]) -> Endpoint:
        """Set ``url``, ``events``, ``clear_numbers`` or ``disabled``; what is not named stays.

        Raises NotFoundError and InvalidFieldError, and then nothing is changed.
        """
        before = self.find(app, endpoint_id)
        values = dict(changes)
        disabled = values.pop("disabled", None)
        if "url" in values:
            values["url"] = check_url(str(values["url"]), private=self.private)
        if "events" in values:
            values["events"] = check_events(values["events"])  # type: ignore[arg-type]
        told = BY_HAND if disabled else None if disabled is None else False
        endpoints.change(self.db, before.id, values, told, self.clock())
        return self.find(app, endpoint_id)

    def remove(self, app: str | None, endpoint_id: str) -> None:
        """Forget an endpoint, its secret and its events. Raises NotFoundError."""
        if not _ID.fullmatch(endpoint_id) or not endpoints.remove(self.db, endpoint_id, app):
            raise _no_endpoint()

    def rotate(self, app: str | None, endpoint_id: str, overlap_seconds: int = OVERLAP_SECONDS) -> WithSecret:
        """A new secret; the one before signs beside it for a while. Raises NotFoundError."""
        if not 0 <= overlap_seconds <= LONGEST_OVERLAP_SECONDS:
            raise InvalidFieldError("overlap_seconds", f"give 0 to {LONGEST_OVERLAP_SECONDS}")
        old = self._stored(app, endpoint_id)
        try:
            secrets = EndpointSecrets.open(self.keyring, old.secrets, endpoint_id).rotated()
        except UnknownKeyError:
            # Nobody can sign with it any more.
            secrets = EndpointSecrets.new()
        now = self.clock()
        until = now + timedelta(seconds=overlap_seconds) if secrets.previous and overlap_seconds else None
        kept = secrets.keep(self.keyring, endpoint_id)
        if not endpoints.replace_secrets(self.db, old, kept, until, now):
            raise InvalidFieldError("endpoint", "its secret was replaced at the same moment; try again")
        return WithSecret(self.find(app, endpoint_id), secrets.text)

    def secrets_of(self, endpoint_id: str) -> EndpointSecrets:
        """What its events are signed with. Raises NotFoundError and UnknownKeyError."""
        return EndpointSecrets.open(self.keyring, self._stored(None, endpoint_id).secrets, endpoint_id)

    def can_sign(self, endpoint_id: str) -> bool:
        """Whether its secret can be read. Raises NotFoundError."""
        try:
            self.secrets_of(endpoint_id)
        except UnknownKeyError:
            return False
        return True

    def test(self, app: str | None, endpoint_id: str) -> LoggedEvent:
        """Have an endpoint told of a test, as of any event. Raises NotFoundError."""
        return endpoint_events.insert_test(self.db, self.find(app, endpoint_id).id, self.clock())

    def events(
        self,
        app: str | None,
        endpoint_id: str,
        limit: int,
        *,
        before: str | None = None,
        state: EventState | None = None,
    ) -> list[LoggedEvent]:
        """What an endpoint was told of, or is to be, newest first. Raises NotFoundError."""
        found = self.find(app, endpoint_id)
        return endpoint_events.newest(self.db, found.id, limit, before=before, state=state)

    def event(self, app: str | None, endpoint_id: str, event_id: str) -> LoggedEvent:
        """One of them. Raises NotFoundError."""
        endpoint = self.find(app, endpoint_id)
        found = None
        if _EVENT_ID.fullmatch(event_id):
            found = endpoint_events.find(self.db, endpoint.id, event_id)
        if found is None:
            raise NotFoundError("there is no such event any more")
        return found

    def send_again(self, app: str | None, endpoint_id: str, event_id: str) -> LoggedEvent:
        """Have an event posted at once, whatever came of it before. Raises NotFoundError."""
        found = self.event(app, endpoint_id, event_id)
        endpoint_events.send_again(self.db, endpoint_id, found.id, self.clock())
        return self.event(app, endpoint_id, event_id)

    def replay(self, app: str | None, endpoint_id: str, since: datetime) -> Endpoint:
        """Have an endpoint told of everything since then that it did not take. Raises NotFoundError."""
        endpoint = self.find(app, endpoint_id)
        with self.db.read() as connection:
            behind = number_before(connection, since)
        endpoints.replay(self.db, endpoint.id, since, behind, self.clock())
        return self.find(app, endpoint_id)

    def _stored(self, app: str | None, endpoint_id: str) -> StoredEndpoint:
        found = endpoints.find(self.db, endpoint_id, app) if _ID.fullmatch(endpoint_id) else None
        if found is None:
            raise _no_endpoint()
        return found


def _no_endpoint() -> NotFoundError:
    return NotFoundError("there is no such endpoint")
