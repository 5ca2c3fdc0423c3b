"""An endpoint of the tests: what it is told, and what it answers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook
from time_machine import travel

from otp_worker.domain.ports import Outbox
from otp_worker.gateways.client import Answer
from otp_worker.operations.endpoints import Endpoints, WithSecret
from otp_worker.operations.event_poster import EventPoster
from tests.contract.service import Service

URL = "https://shop.example/otp-events"


@dataclass(frozen=True, slots=True)
class Told:
    """One post, as it came."""

    url: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def id(self) -> str:
        """The event's id."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        """The body."""
        return json.loads(self.body)

    def is_signed_by(self, secret: str, service: Service) -> bool:
        """Whether an app that has this secret would believe it now."""
        with travel(service.clock(), tick=False):
            try:
                Webhook(secret).verify(self.body, dict(self.headers))
            except Exception:
                return False
        return True


@dataclass
class App:
    """What stands for the HTTP client: an app that takes what it is posted, unless it is told otherwise."""

    answers: dict[str, Answer | Exception] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    def post(self, url: str, body: bytes, headers: Mapping[str, str], _seconds: float) -> Answer:
        """What the client does, without a socket."""
        self.before()
        self.told.append(Told(url, body, headers))
        answer = self.answers.get(url, answered(204))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def types(self) -> list[str]:
        """The types of what it was told, in order."""
        return [each.event["type"] for each in self.told]


def answered(status: int, **headers: str) -> Answer:
    """An answer of an endpoint."""
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, None)


@dataclass
class Events:
    """The endpoints of a service, and their poster."""

    service: Service
    app: App = field(default_factory=App)
    queue: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def endpoints(self) -> Endpoints:
        """What makes and changes them."""
        return Endpoints(self.service.db, self.service.keyring, self.service.clock)

    @property
    def poster(self) -> EventPoster:
        """What posts."""

        def note(notice_id: str) -> bool:
            self.notices.append(notice_id)
            return True

        return EventPoster(
            db=self.service.db,
            keyring=self.service.keyring,
            client=self.app,  # type: ignore[arg-type]
            outbox=Outbox(("webhook",), note),
            clock=self.service.clock,
            chance=lambda: 0.5,
            monotonic=self.service.clock.monotonic,
        )

    def add(self, app: str = "shop", url: str = URL, *events: str, clear_numbers: bool = False) -> WithSecret:
        """A new endpoint."""
        from otp_worker.protection.api_keys import ApiKeys

        ApiKeys(self.service.db).create(app.removeprefix("test:"), self.service.clock())
        return self.endpoints.create(app, url, events or None, clear_numbers=clear_numbers)

    def work(self) -> None:
        """What upkeep does now: draw events from the steps, and post what is due."""
        self.poster.fan_out(self.service.clock())
        self.queue.clear()
        self.poster.publish_due(self._publish, self.service.clock())
        for each in self.queue:
            self.poster.run(each)

    def _publish(self, endpoint_id: str) -> bool:
        self.queue.append(endpoint_id)
        return True
