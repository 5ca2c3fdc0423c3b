"""What the gateway posts to the app: delivery callbacks and inbound replies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import local

import requests

from .schedule import Schedule, Waiting

TIMEOUTS_SECONDS = (1.0, 3.0)
RETRY_SECONDS = (0.25, 1.0, 3.0)


@dataclass(frozen=True)
class Event:
    """Something to be posted: where, what, and how it is signed."""

    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True)
class Post:
    """One event to be posted; `settled` hears the last HTTP status, None when nobody answered.

    `waiting` is what people see of it before a repetition, whose instant is filled in.
    """

    event: Event
    settled: Callable[[int | None], None]
    waiting: Waiting


class Outbound:
    """Posts events from the schedule's threads.

    Anything but a 2xx is tried again after 0.25, 1 and 3 seconds. Redirects are not followed, and proxies
    named in the environment are not used: the app that rehearses is near.
    """

    def __init__(self, schedule: Schedule, clock: Callable[[], datetime]) -> None:
        self._schedule = schedule
        self._clock = clock
        self._thread = local()
        self._sessions: list[requests.Session] = []

    def post(self, post: Post) -> None:
        """Post an event soon; returns at once."""
        self._schedule.after(0.0, lambda: self._attempt(post, 0))

    def close(self) -> None:
        """Close the connections; call it when the schedule has stopped."""
        for session in self._sessions:
            session.close()
        self._sessions.clear()
        self._thread = local()

    def _attempt(self, post: Post, attempt: int) -> None:
        answered = self._send(post)
        taken = answered is not None and 200 <= answered < 300
        if taken or attempt >= len(RETRY_SECONDS):
            post.settled(answered)
        else:
            seconds = RETRY_SECONDS[attempt]
            why = f"the app answered {answered}" if answered is not None else "the app did not answer"
            waiting = replace(post.waiting, why=why, until=self._clock() + timedelta(seconds=seconds))
            self._schedule.after(seconds, lambda: self._attempt(post, attempt + 1), waiting)

    def _send(self, post: Post) -> int | None:
        event = post.event
        headers = {"User-Agent": "otp-worker-simulator", **event.headers}
        try:
            answer = self._session().request(
                event.method,
                event.url,
                data=event.body,
                headers=headers,
                timeout=TIMEOUTS_SECONDS,
                allow_redirects=False,
            )
        except (requests.RequestException, ValueError):  # ValueError: a host name no resolver takes
            return None
        return answer.status_code

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._thread, "session", None)
        if session is None:
            session = self._thread.session = requests.Session()
            session.trust_env = False
            self._sessions.append(session)
        return session
