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
from .schedule import Schedule, Waiting

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

    One whose life is over before it is sent is not sent, but `failed`. A silent phone sends nothing.
    """

    def __init__(
        self,
        messages: Messages,
        schedule: Schedule,
        journal: Journal | None,
        knobs: Knobs,
        number: str = NUMBER,
    ) -> None:
        self.messages = messages
        self.number = number
        self.webhook: Webhook | None = None
        self.voice: Voice | None = None
        self.now = knobs.clock
        self._schedule = schedule
        self._outbound = Outbound(schedule, knobs.clock)
        self._journal = journal
        self._knobs = knobs

    def close(self) -> None:
        """Close the connections to the app; call it when the schedule has stopped."""
        self._outbound.close()

    def take(self, draft: Draft, knobs: Knobs, away: Callable[[], bool] = lambda: False) -> Message:
        """Take a message and send it after the phone's delay, or once it is no longer `away`.

        `knobs` are those that stand for this send. One with a known ref may be taken only once.
        """
        message = Message(
            id=draft.id or "msg_" + secrets.token_hex(12),
            to=draft.to,
            text=draft.text,
            ref=draft.ref,
            callback=draft.callback,
            taken_at=self.now(),
            sim=draft.sim,
            life_seconds=draft.life_seconds,
        )
        kept = self.messages.add(message, once=knobs.dedupe)
        if kept is not message:
            return kept
        if self._journal is not None:
            self._journal.write(message)
        if knobs.send_delay_seconds:
            seconds = knobs.send_delay_seconds
            until = message.taken_at + timedelta(seconds=seconds)
            waiting = Waiting("sms", message.to, "", "the phone takes its time", until)
            self._schedule.after(seconds, lambda: self._send(message, knobs, away), waiting)
        else:
            self._send(message, knobs, away)
        return message

    def reply(self, number: str, text: str) -> Reply:
        """Receive an SMS from a number, and forward it if there is a webhook that hears of it."""
        reply = Reply(digits(number), text, self.messages.newest_ref(number), self.now())
        event = self.voice.reply(reply) if self.voice is not None else None
        reply.forwarded = event is not None
        self.messages.add_reply(reply)
        if event is not None:
            waiting = Waiting("reply", f"+{reply.number}", "forwarded to the app", "", None)
            self._outbound.post(Post(event, lambda said: self.messages.settle_reply(reply, said), waiting))
        return reply

    def _send(self, message: Message, knobs: Knobs, away: Callable[[], bool]) -> None:
        if away() or self._knobs.now.silent:
            until = self._knobs.ends_at("offline", "silent")
            waiting = Waiting("sms", message.to, "", "the phone is away", until)
            self._schedule.after(AWAY_SECONDS, lambda: self._send(message, knobs, away), waiting)
            return
        now, life = self.now(), message.life_seconds
        if life is not None and now - message.taken_at > timedelta(seconds=life):
            self._call_back(message, ("failed",))
            return
        self.messages.mark_sent(message, now)
        if knobs.receipt_delay_seconds:
            seconds = knobs.receipt_delay_seconds
            until = now + timedelta(seconds=seconds)
            waiting = Waiting("receipt", message.to, "", "receipts are late", until)
            self._schedule.after(seconds, lambda: self._call_back(message, knobs.receipts), waiting)
        else:
            self._call_back(message, knobs.receipts)

    def _call_back(self, message: Message, statuses: tuple[str, ...]) -> None:
        """Post the first status that anybody hears of, and the others once it has settled: in their order."""
        for position, status in enumerate(statuses):
            message.states[status] = at = self.now()
            event = self.voice.receipt(message, status, at) if self.voice is not None else None
            if event is not None:
                self._post(event, message, Receipt(status, None, at), statuses[position + 1 :])
                return

    def _post(self, event: Event, message: Message, receipt: Receipt, later: tuple[str, ...]) -> None:
        def settled(answered: int | None) -> None:
            self.messages.add_receipt(message, replace(receipt, answered=answered))
            self._call_back(message, later)

        waiting = Waiting("receipt", message.to, receipt.status, "", None)
        self._outbound.post(Post(event, settled, waiting))
