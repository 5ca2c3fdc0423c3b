"""Telling support and operators what happened: each notice on its channel, repeated until it is taken.

A channel that hangs holds as many threads as its budget has attempts, for ten seconds each, and then one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from otp_worker.domain.ports import Publish
from otp_worker.protection.isolation import isolated
from otp_worker.store import deliveries, notifications, stored_replies, verifications
from otp_worker.store.database import Database
from otp_worker.store.notifications import Notification
from otp_worker.store.stored_replies import StoredReply

BACKOFF_SECONDS = (5, 30, 120, 600, 3600, 3600, 10800, 21600, 43200)
AWAY_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 60))
"""How long a channel that is away is left alone before it is tried again."""
GIVE_UP_AFTER = timedelta(days=1)
"""What nobody took for so long is given up, all of it at once and without another attempt."""
LEASE = timedelta(seconds=30)
"""Longer than any attempt: a notice whose worker died in the middle of one is due again then."""


class Channel(Protocol):
    """One way to tell."""

    def tell(self, notice: Notification, data: Mapping[str, object], now: datetime) -> str | None:
        """Make one attempt: None if it was taken, else why not."""


@dataclass(frozen=True, slots=True)
class Notifier:
    """The channels that the operator set up, by name; ``console_url`` is where the console's pages are."""

    db: Database
    channels: Mapping[str, Channel]
    console_url: str | None = None

    def notify(self, notice_id: str, now: datetime) -> str:
        """Make one attempt; the answer says what came of it, for people."""
        progress = notifications.progress_of(self.db, notice_id)
        if progress is None:
            return "there is no such notice"
        name, attempts = progress
        if attempts >= len(BACKOFF_SECONDS):
            notifications.settle_notice(self.db, notice_id, None)
            return f"given up after {attempts} attempts"
        channel = self.channels.get(name)
        if channel is None:
            return f"no {name} is configured any more"
        notice = notifications.claim_notice(self.db, notice_id, now, now + LEASE)
        if notice is None:
            return "not due"
        failure = self._tell(channel, notice, now)
        if failure is not None:
            due_at = now + timedelta(seconds=BACKOFF_SECONDS[attempts])
            notifications.put_off(self.db, notice, due_at, now, AWAY_PAUSES)
            return f"not taken ({failure}); next attempt at {due_at:%H:%M:%S}Z"
        notifications.settle_notice(self.db, notice_id, now)
        return "told"

    def publish_due(self, publish: Publish, now: datetime) -> int:
        """Publish the notices that are due, as many as their channels have room for; their number."""
        due: list[str] = []
        for name in self.channels:
            with isolated("notices", channel=name):
                due += notifications.publishable(self.db, name, now)
        if due:
            notifications.mark_published(self.db, due, now)
        for notice_id in due:
            publish(notice_id)
        return len(due)

    def give_up(self, now: datetime) -> int:
        """End what nobody took for a day; its number."""
        return notifications.give_up(self.db, now - GIVE_UP_AFTER)

    def _tell(self, channel: Channel, notice: Notification, now: datetime) -> str | None:
        if notice.reply_id is None:
            return channel.tell(notice, {**notice.data, **self._at_risk(), **self._link(notice, None)}, now)
        reply = stored_replies.find(self.db, notice.reply_id)
        if reply is None:
            return None
        told = {**_told_of(reply), **notice.data, **self._link(notice, reply.verification_id)}
        told |= self._references(told["verification_id"])
        return channel.tell(notice, told, now)

    def _at_risk(self) -> dict[str, object]:
        """How many codes wait as it is told, and when the first of them is given up."""
        waiting, first_ends_at = deliveries.waiting(self.db)
        return {
            "codes_waiting": waiting,
            "first_ends_at": first_ends_at.isoformat() if first_ends_at else None,
        }

    def _references(self, verification_id: object) -> dict[str, object]:
        """By what its app finds a verification again."""
        found = verifications.find(self.db, str(verification_id)) if verification_id else None
        if found is None:
            return {}
        given = {"purpose": found.purpose, "client_reference": found.client_reference, "tags": found.tags}
        return {name: value for name, value in given.items() if value}

    def _link(self, notice: Notification, verification_id: str | None) -> dict[str, object]:
        """The console's page about it."""
        if self.console_url is None:
            return {}
        page = f"/verifications/{verification_id}" if verification_id else _PAGES.get(_topic(notice), "/")
        return {"link": self.console_url.rstrip("/") + page}


_PAGES = {"phone": "/sims", "gateway": "/sims", "sim": "/sims", "canary": "/sims"}


def _topic(notice: Notification) -> str:
    return notice.type.partition(".")[0]


def _told_of(reply: StoredReply) -> dict[str, object]:
    return {
        "id": reply.id,
        "verification_id": reply.verification_id,
        "app": reply.app,
        # The plain number is forgotten before the last attempt to tell.
        "from": reply.number,
        "from_masked": reply.number_masked,
        "text": reply.text,
        "gateway": reply.gateway,
        "meaning": reply.meaning.value,
        "received_at": reply.received_at.isoformat(),
    }
