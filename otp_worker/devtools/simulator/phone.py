"""The phone itself: takes messages, sends them after a while, and is replied to."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from .journal import Journal
from .knobs import Knobs
from .messages import Draft, Message, Messages, Receipt, Reply, digits
from .outbound import Event, Outbound, Post
from .schedule import Schedule

NUMBER = "447700900000"  # Ofcom keeps 07700 900xxx for drama: it is nobody's
AWAY_SECONDS = 0.25


@dataclass(frozen=True)
class Webhook:
    """Where inbound replies are forwarded to."""

    url: str
    enabled: bool


class Voice(Protocol):
    """The vendor's words for what the phone has to tell."""

    def receipt(self, message: Message, status: str, at: datetime) -> Event | None:
        """What is posted when a message is `sent`, `delivered` or `failed`; None where nothing is."""

    def reply(self, reply: Reply) -> Event | None:
        """What is posted when an SMS comes in; None where nothing is."""


class Phone:
    """One phone with one SIM. A message once taken is sent even if the phone goes offline first (a guess).

    One whose life is over before it is sent is not sent, but `failed`.
    """

    def __init__(
        self,
        messages: Messages,
        schedule: Schedule,
        outbound: Outbound,
        journal: Journal | None,
        clock: Callable[[], datetime],
        number: str = NUMBER,
    ) -> None:
        self.messages = messages
        self.number = number
        self.webhook: Webhook | None = None
        self.voice: Voice | None = None
        self._schedule = schedule
        self._outbound = outbound
        self._journal = journal
        self._clock = clock

    def now(self) -> datetime:
        """The present instant by the phone's clock."""
        return self._clock()

    def take(self, draft: Draft, knobs: Knobs, away: Callable[[], bool] = lambda: False) -> Message:
        """Take a message and send it after the phone's delay, or once it is no longer `away`.

        One with a known ref may be taken only once.
        """
        message = Message(
            id=draft.id or "msg_" + secrets.token_hex(12),
            to=draft.to,
            text=draft.text,
            ref=draft.ref,
            callback=draft.callback,
            taken_at=self._clock(),
            sim=draft.sim,
            life_seconds=draft.life_seconds,
        )
        kept = self.messages.add(message, once=knobs.dedupe)
        if kept is not message:
            return kept
        if self._journal is not None:
            self._journal.write(message)
        if knobs.send_delay_seconds:
            self._schedule.after(knobs.send_delay_seconds, lambda: self._send(message, knobs.receipts, away))
        else:
            self._send(message, knobs.receipts, away)
        return message

    def reply(self, number: str, text: str) -> Reply:
        """Receive an SMS from a number, and forward it if there is a webhook that hears of it."""
        reply = Reply(digits(number), text, self.messages.newest_ref(number), self._clock())
        self.messages.add_reply(reply)
        self._forward(reply)
        return reply

    def _send(self, message: Message, statuses: tuple[str, ...], away: Callable[[], bool]) -> None:
        if away():
            self._schedule.after(AWAY_SECONDS, lambda: self._send(message, statuses, away))
            return
        now, life = self._clock(), message.life_seconds
        if life is not None and now - message.taken_at > timedelta(seconds=life):
            self._call_back(message, ("failed",))
            return
        self.messages.mark_sent(message, now)
        self._call_back(message, statuses)

    def _call_back(self, message: Message, statuses: tuple[str, ...]) -> None:
        """Post the first status that anybody hears of, and the others once it has settled: in their order."""
        for position, status in enumerate(statuses):
            message.states[status] = at = self._clock()
            event = self.voice.receipt(message, status, at) if self.voice is not None else None
            if event is not None:
                self._post(event, message, Receipt(status, None, at), statuses[position + 1 :])
                return

    def _post(self, event: Event, message: Message, receipt: Receipt, later: tuple[str, ...]) -> None:
        def settled(answered: int | None) -> None:
            self.messages.add_receipt(message, replace(receipt, answered=answered))
            self._call_back(message, later)

        self._outbound.post(Post(event, settled))

    def _forward(self, reply: Reply) -> None:
        def settled(answered: int | None) -> None:
            reply.answered = answered

        event = self.voice.reply(reply) if self.voice is not None else None
        if event is not None:
            reply.forwarded = True
            self._outbound.post(Post(event, settled))
