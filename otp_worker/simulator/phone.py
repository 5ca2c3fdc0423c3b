"""The phone itself: takes messages, sends them after a while, and is replied to."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .journal import Journal
from .knobs import Knobs
from .messages import Draft, Message, Messages, Receipt, Reply, digits, instant
from .outbound import Outbound, Post
from .schedule import Schedule

NUMBER = "447700900000"  # Ofcom keeps 07700 900xxx for drama: it is nobody's
DEVICE = "dev_simulated"
TENANT = "ten_simulated"
TENANT_NAME = "Simulated phone"


@dataclass(frozen=True)
class Webhook:
    """Where inbound replies are forwarded to."""

    url: str
    enabled: bool


class Phone:
    """One phone with one SIM. A message once taken is sent even if the phone goes offline first (a guess)."""

    def __init__(
        self,
        messages: Messages,
        schedule: Schedule,
        outbound: Outbound,
        journal: Journal | None,
        clock: Callable[[], datetime],
    ) -> None:
        self.messages = messages
        self.webhook: Webhook | None = None
        self._schedule = schedule
        self._outbound = outbound
        self._journal = journal
        self._clock = clock

    def take(self, draft: Draft, knobs: Knobs) -> Message:
        """Take a message and send it after the phone's delay; one with a known ref may be taken only once."""
        message = Message(
            id="msg_" + secrets.token_hex(12),
            to=draft.to,
            text=draft.text,
            ref=draft.ref,
            callback=draft.callback,
            taken_at=self._clock(),
        )
        kept = self.messages.add(message, once=knobs.dedupe)
        if kept is not message:
            return kept
        if self._journal is not None:
            self._journal.write(message)
        if knobs.send_delay_seconds:
            self._schedule.after(knobs.send_delay_seconds, lambda: self._send(message, knobs.receipts))
        else:
            self._send(message, knobs.receipts)
        return message

    def reply(self, number: str, text: str) -> Reply:
        """Receive an SMS from a number, and forward it to the webhook if one is registered and enabled."""
        reply = Reply(digits(number), text, self.messages.newest_ref(number), self._clock())
        self.messages.add_reply(reply)
        if self.forwards:
            self._forward(reply)
        return reply

    @property
    def forwards(self) -> bool:
        """Whether inbound replies go anywhere."""
        return self.webhook is not None and self.webhook.enabled

    def _send(self, message: Message, statuses: tuple[str, ...]) -> None:
        self.messages.mark_sent(message, self._clock())
        self._call_back(message, statuses)

    def _call_back(self, message: Message, statuses: tuple[str, ...]) -> None:
        """Post the first status, and the others once it has settled, so that they arrive in order."""
        if message.callback is None or not statuses:
            return
        status, later = statuses[0], statuses[1:]
        posted_at = self._clock()

        def settled(answered: int | None) -> None:
            self.messages.add_receipt(message, Receipt(status, answered, posted_at))
            self._call_back(message, later)

        self._outbound.post(Post(message.callback, _status_event(message, status, posted_at), settled))

    def _forward(self, reply: Reply) -> None:
        def settled(answered: int | None) -> None:
            reply.answered = answered

        if self.webhook is not None:
            self._outbound.post(Post(self.webhook.url, _reply_event(reply), settled))


def _status_event(message: Message, status: str, at: datetime) -> dict[str, object]:
    """A delivery callback's body. All of it is a guess: the vendor does not publish one."""
    return {
        "event": "message.status",
        "id": message.id,
        "ref": message.ref,
        "status": status,
        "to": digits(message.to),
        "occurredAt": instant(at),
        "deviceId": DEVICE,
        "tenantId": TENANT,
    }


def _reply_event(reply: Reply) -> dict[str, object]:
    """An inbound reply as the vendor documents it."""
    return {
        "event": "message.received",
        "from": reply.number,
        "to": NUMBER,
        "text": reply.text,
        "ref": reply.ref,
        "receivedAt": instant(reply.received_at),
        "deviceId": DEVICE,
        "tenantId": TENANT,
        "tenantName": TENANT_NAME,
    }
