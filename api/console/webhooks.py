"""What was told to support and operators, and what waits to be."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import falcon

from otp_worker.domain.ports import Clock
from otp_worker.operations.endpoints import Endpoints
from otp_worker.store import audit, notice_log
from otp_worker.store.notice_log import ChannelState, LoggedNotice

from .acts import Acts
from .confirmations import confirm, done
from .endpoints import state_of
from .pages import Pages
from .words import plural

SHOWN = 200
_ABOUT = ("gateway", "sim", "from_sim", "name", "verification_id", "user")
_CHANNELS = {"webhook": "The webhook", "email": "The mail server"}
_EFFECT_WAITS = "It waits for its next try. It is tried at once instead."
_EFFECT_AGAIN = "The same event is told once more, as a new one with an id of its own."


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One event as the page shows it; ``about`` is what it concerns, in a word."""

    id: str
    channel: str
    type: str
    about: str | None
    created_at: datetime
    due_at: datetime | None
    attempts: int
    told_at: datetime | None

    @property
    def can_be_sent_again(self) -> bool:
        """Whether sending it again may help: nobody took it yet."""
        return self.told_at is None


class Webhooks:
    """The events, the newest first."""

    def __init__(self, pages: Pages, endpoints: Endpoints, acts: Acts, clock: Clock) -> None:
        self._pages = pages
        self._db = endpoints.db
        self._endpoints = endpoints
        self._acts = acts
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """How the channels fare, and the last events."""
        self._pages.show(
            req,
            resp,
            "webhooks.html",
            notices=[_row(each) for each in notice_log.newest(self._db, SHOWN)],
            endpoints=[(each, state_of(each)) for each in self._endpoints.all(None)],
            channels=[in_words(each) for each in notice_log.channel_states(self._db, self._clock())],
            said=audit.of_login(self._db, req.get_param("done"), req.context.session.login),
        )

    on_head = on_get

    def on_get_again(self, req: falcon.Request, resp: falcon.Response, notice_id: str) -> None:
        """Ask before it is done."""
        found = notice_log.find(self._db, notice_id)
        confirm(
            self._pages,
            req,
            resp,
            question=f"Send {found.type} again?",
            effect=_EFFECT_WAITS if found.due_at else _EFFECT_AGAIN,
            yes="Send again",
            back="/webhooks",
        )

    on_head_again = on_get_again

    def on_post_again(self, req: falcon.Request, resp: falcon.Response, notice_id: str) -> None:
        """Have it told once more."""
        found = notice_log.find(self._db, notice_id)

        def act() -> str:
            waits = notice_log.tell_again(self._db, found.id, self._clock())
            return "It is tried now." if waits else "It is told once more."

        done(resp, "/webhooks", self._acts.perform(req.context.session.login, "send again", found.id, act))


def in_words(state: ChannelState) -> tuple[str, str]:
    """The colour of a channel, and how it fares in a sentence."""
    name = _CHANNELS.get(state.name, state.name)
    if state.is_away:
        waits = f"{plural(state.waiting, 'event')} wait{'s' if state.waiting == 1 else ''}"
        return "bad", f"{name} took no event {state.failures} times in a row; {waits}."
    rest = [
        f"{number} {word}"
        for number, word in ((state.waiting, "waiting"), (state.given_up, "given up"))
        if number
    ]
    told = f"{name} took {plural(state.taken, 'event')} within a day"
    return "good", f"{', '.join([told, *rest])}."


def _row(found: LoggedNotice) -> NoticeRow:
    return NoticeRow(
        id=found.id,
        channel=found.channel,
        type=found.type,
        about=_about(found.data),
        created_at=found.created_at,
        due_at=found.due_at,
        attempts=found.attempts,
        told_at=found.told_at,
    )


def _about(data: dict[str, Any]) -> str | None:
    return next((str(data[name]) for name in _ABOUT if data.get(name)), None)
