"""What somebody at the phone sees: its present state, all of it at once, and every change as it comes."""

import json
from collections.abc import Generator
from dataclasses import dataclass

from .checks import App
from .exchanges import Exchanges
from .feed import Feed
from .messages import Messages
from .phone import Phone
from .scenarios import SCENARIOS, Scenarios
from .schedule import Schedule
from .views import kind_of, show, show_message, show_reply, show_request, show_waiting

SHOWN = 300
"""Messages, and replies, that are shown at once: the newest so many."""
LOOK_SECONDS = 0.25
SILENT_LOOKS = 40
"""After so many looks without news a comment goes out, to find out whether anybody listens."""


@dataclass(frozen=True)
class Desk:
    """Everything that is shown of one phone. `app` checks codes; `console_url` is where trails are."""

    profile: str
    gateway_path: str
    tells_of_phone: frozenset[str]
    phone: Phone
    schedule: Schedule
    scenarios: Scenarios
    exchanges: Exchanges
    feed: Feed
    app: App | None
    console_url: str | None

    @property
    def messages(self) -> Messages:
        """What the phone took, and what was replied to it."""
        return self.phone.messages

    def waiting(self) -> list[dict[str, object]]:
        """What waits at the phone and its gateway, and until when."""
        waiting = [*self.exchanges.waiting(), *self.schedule.waiting()]
        return [show_waiting(each) for each in waiting[:SHOWN]]

    def state(self) -> dict[str, object]:
        """How everything stands, beside the messages and the requests."""
        return {
            "profile": self.profile,
            "gateway_path": self.gateway_path,
            "number": self.phone.number,
            "tells_of_phone": sorted(self.tells_of_phone),
            "checks": self.app is not None,
            "console_url": self.console_url,
            "taken": len(self.messages),
            "knobs": self.scenarios.knobs.as_dict(),
            **self.scenarios.as_dict(),
            "waiting": self.waiting(),
        }

    def snapshot(self) -> dict[str, object]:
        """All that is shown, at once."""
        return self._snapshot(self.state())

    def _snapshot(self, state: dict[str, object]) -> dict[str, object]:
        return {
            **state,
            "scenarios": [scenario.as_dict() for scenario in SCENARIOS.values()],
            "messages": [show_message(message) for message in self.messages.select(limit=SHOWN)],
            "replies": [show_reply(reply) for reply in self.messages.replies(SHOWN)],
            "requests": [show_request(exchange) for exchange in self.exchanges.newest()],
        }

    def events(self) -> Generator[bytes]:
        """The feed, as server-sent events: a snapshot, then changes, for as long as the phone is there.

        Knobs fall back by themselves and may be assigned by anybody, so the state is looked at, not told.
        """
        told: dict[str, object] = {}
        quiet = 0
        with self.feed.listening() as listener:
            while not self.feed.closed:
                anew, changes = self.feed.wait(listener, LOOK_SECONDS)
                state = self.state()
                # Of one look: a state that changes between two would be told by neither.
                news = [_event("snapshot", self._snapshot(state))] if anew else []
                news += [_event(kind_of(change), show(change)) for change in changes]
                if state != told and not anew:
                    news.append(_event("state", state))
                told, quiet = state, 0 if news else quiet + 1
                if quiet == SILENT_LOOKS:
                    news, quiet = [b": nothing new\n\n"], 0
                yield from news


def _event(kind: str, data: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
