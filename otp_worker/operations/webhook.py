"""Notifications posted to the operator's webhook, signed by Standard Webhooks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from standardwebhooks import Webhook

from otp_worker.gateways.client import BoundedClient
from otp_worker.gateways.exchange import NoAnswerError, NotReachedError
from otp_worker.store.notifications import Notification

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """One signed POST for each notice (Standard Webhooks): where to, and the secret (base64) that signs."""

    client: BoundedClient
    url: str
    secret: str

    def tell(self, notice: Notification, data: Mapping[str, object], now: datetime) -> str | None:
        """Post it: None if the answer is a 2xx."""
        body = json.dumps({"type": notice.type, "timestamp": now.isoformat(), "data": data})
        headers = {
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(notice.id, now, body),
        }
        try:
            status = self.client.post(self.url, body.encode(), headers, TIMEOUT_SECONDS).status
        except (NotReachedError, NoAnswerError):
            return "no answer"
        return None if 200 <= status < 300 else str(status)
