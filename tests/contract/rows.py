"""Rows as the service leaves them behind."""

from datetime import datetime
from typing import Any

from sqlalchemy import Table

from otp_worker.store import schema
from tests.contract.service import START


def old_rows(each: str, key: bytes, at: datetime) -> dict[Table, dict[str, Any]]:
    """A verification that was approved, with all that it left in other tables."""
    verification = {
        **dict.fromkeys(("id", "app", "number_masked", "channel", "language", "key_id"), "shop"),
        **dict.fromkeys(("created_at", "handed_at", "expires_at", "last_expiry_at", "resend_at"), at),
        **dict.fromkeys(("checks", "failed_checks", "max_checks", "ttl_seconds", "code_length"), 1),
    }
    verification |= {"id": each, "test": False, "status": "approved", "country": "GB", "ended_at": at}
    verification |= {"number_hash": key, "block_hash": key}
    delivery = {
        **dict.fromkeys(("created_at", "due_at", "deadline_at", "published_at", "sent_at"), at),
        **dict.fromkeys(("attempts", "abandoned", "uncertain"), 1),
    }
    delivery |= {"id": f"{each}.1", "verification_id": each, "status": "delivered", "route": "GB"}
    delivery |= {"gateway": "obedient", "sim": "obedient", "gateway_message_id": each}
    reply = {"id": each, "dedupe_key": each, "gateway": "obedient", "number_masked": "", "text": "thanks"}
    notice = {"id": each, "channel": "webhook", "type": "reply.received", "reply_id": each, "data": "{}"}
    return {
        schema.verifications: verification,
        schema.deliveries: delivery,
        schema.steps: {"verification_id": each, "delivery_number": 1, "at": at, "kind": "taken"},
        schema.replies: reply | {"meaning": "other", "received_at": at, "created_at": at},
        schema.notices: notice | {"created_at": at, "attempts": 1, "told_at": at},
        schema.number_guards: {"number_hash": key, "failed_checks": 1, "updated_at": at},
        schema.sim_recipients: {"sim": "obedient", "month": START.strftime("%Y-%m"), "number_hash": key},
        schema.idempotency_keys: {
            "app": "shop",
            "key_hash": key,
            "request_hash": key,
            "verification_id": each,
            "created_at": START,
        },
    }
