"""Passing replies on to support: one signed webhook each (Standard Webhooks), repeated until it is taken."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from standardwebhooks import Webhook

from otp_worker.gateways.http import BoundedClient, NoAnswerError, NotReachedError
from otp_worker.policy import Publish
from otp_worker.store import receiving
from otp_worker.store.database import Database
from otp_worker.store.receiving import StoredReply

BACKOFF_SECONDS = (5, 30, 120, 600, 3600, 3600, 10800, 21600, 43200)
TIMEOUT_SECONDS = 10.0
BATCH = 100


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Support's webhook: where it is, and the secret (base64) that signs what is posted there."""

    db: Database
    client: BoundedClient
    url: str
    secret: str

    def forward(self, reply_id: str, now: datetime) -> str:
        """Make one attempt; the answer says what came of it, for people."""
        attempts = receiving.forward_attempts(self.db, reply_id)
        if attempts is None:
            return "there is no such reply"
        if attempts >= len(BACKOFF_SECONDS):
            receiving.settle_forward(self.db, reply_id, None)
            return f"given up after {attempts} attempts"
        # The next attempt is written down before this one is made: a crash in between loses nothing.
        next_due_at = now + timedelta(seconds=BACKOFF_SECONDS[attempts])
        reply = receiving.claim_forward(self.db, reply_id, now, next_due_at)
        if reply is None:
            return "not due"
        status = self._post(reply, now)
        if status is None or not 200 <= status < 300:
            return f"not taken ({status or 'no answer'}); next attempt at {next_due_at:%H:%M:%S}Z"
        receiving.settle_forward(self.db, reply_id, now)
        return "passed on"

    def publish_due(self, publish: Publish, now: datetime) -> int:
        """Publish the replies whose next attempt is due; their number."""
        due = receiving.due_forwards(self.db, now, BATCH)
        for reply_id in due:
            publish(reply_id)
        return len(due)

    def _post(self, reply: StoredReply, now: datetime) -> int | None:
        body = json.dumps(_event(reply, now))
        headers = {
            "webhook-id": reply.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(reply.id, now, body),
        }
        try:
            return self.client.post(self.url, body.encode(), headers, TIMEOUT_SECONDS).status
        except (NotReachedError, NoAnswerError):
            return None


def _event(reply: StoredReply, now: datetime) -> dict[str, object]:
    return {
        "type": "reply.received",
        "timestamp": now.isoformat(),
        "data": {
            "id": reply.id,
            "verification_id": reply.verification_id,
            "app": reply.app,
            "from": reply.number,
            "text": reply.text,
            "gateway": reply.gateway,
            "received_at": reply.received_at.isoformat(),
        },
    }
