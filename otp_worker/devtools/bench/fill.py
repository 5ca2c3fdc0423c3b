"""Rows in bulk, as the service itself would have left them: codes that are over, and codes that wait."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert
from ulid import ULID

from otp_worker.domain.policy import MAX_LIFE_SECONDS
from otp_worker.domain.ports import utc_now
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, verifications

_BATCH = 5000
_HISTORY = timedelta(days=29)
_SEND_SECONDS = 540
_SQLITE_CACHE_KIB = 1_000_000

Row = dict[str, Any]


def fill_ended(db: Database, count: int) -> None:
    """Codes that were approved or expired, spread over the last days that are kept; the newest a day old."""
    now = utc_now()
    apart = (_HISTORY - timedelta(days=1)) / count
    _fill(db, count, lambda number: _ended(now - _HISTORY + number * apart, number))


def fill_waiting(db: Database, count: int) -> None:
    """Codes that wait in the database for a phone."""
    now = utc_now()
    _fill(db, count, lambda number: _waiting(now, number))


def empty(db: Database) -> None:
    """Delete every verification, with its deliveries."""
    with db.write() as connection:
        connection.execute(delete(verifications))


def _fill(db: Database, count: int, row: Callable[[int], tuple[Row, Row]]) -> None:
    for start in range(0, count, _BATCH):
        rows = [row(number) for number in range(start, min(start + _BATCH, count))]
        with db.write() as connection:
            if db.is_sqlite:
                # Random hashes go all over their index, which had better be in memory meanwhile.
                connection.exec_driver_sql(f"PRAGMA cache_size=-{_SQLITE_CACHE_KIB}")
            connection.execute(insert(verifications), [verification for verification, _ in rows])
            connection.execute(insert(deliveries), [delivery for _, delivery in rows])
    if not db.is_sqlite:
        with db.update() as connection:
            # What autovacuum would have done by the time that so many codes were sent.
            connection.exec_driver_sql("VACUUM ANALYZE verifications, deliveries")


def _ended(at: datetime, number: int) -> tuple[Row, Row]:
    approved = number % 5 > 0
    status = VerificationStatus.APPROVED if approved else VerificationStatus.EXPIRED
    sent_at = at + timedelta(seconds=1)
    verification = _verification(at, number) | {
        "status": status,
        "checks": int(approved),
        "handed_at": sent_at,
        "ended_at": at + timedelta(seconds=20 if approved else 300),
    }
    delivery = _delivery(verification["id"], at) | {
        "status": DeliveryStatus.DELIVERED,
        "attempts": 1,
        "gateway": "mobile_api_connect",
        "sim": "mobile_api_connect",
        "gateway_message_id": f"msg_{secrets.token_hex(12)}",
        "reason": "accepted",
        "published_at": at,
        "sent_at": sent_at,
        "delivered_at": sent_at + timedelta(seconds=3),
    }
    return verification, delivery


def _waiting(at: datetime, number: int) -> tuple[Row, Row]:
    verification = _verification(at, number) | {
        "number": f"+447400{number % 1_000_000:06d}",
        "seed": secrets.token_bytes(20),
    }
    delivery = _delivery(verification["id"], at) | {
        "reason": "no paired phone is online (no_active_device_for_tenant)"
    }
    return verification, delivery


def _verification(at: datetime, number: int) -> Row:
    return {
        "id": f"ver_{ULID.from_datetime(at)}",
        "app": "shop",
        "test": False,
        "status": VerificationStatus.PENDING,
        "number": None,
        "number_hash": secrets.token_bytes(32),
        "number_masked": f"+44********{number % 100:02d}",
        "block_hash": (number % 100).to_bytes(32),
        "country": "GB",
        "channel": "sms",
        "language": "en",
        "key_id": "bench",
        "code_length": 6,
        "seed": None,
        "checks": 0,
        "failed_checks": 0,
        "max_checks": 5,
        "ttl_seconds": 300,
        "created_at": at,
        "handed_at": None,
        "expires_at": at + timedelta(seconds=MAX_LIFE_SECONDS),
        "last_expiry_at": at + timedelta(seconds=MAX_LIFE_SECONDS),
        "resend_at": at + timedelta(seconds=30),
        "ended_at": None,
    }


def _delivery(verification_id: str, at: datetime) -> Row:
    return {
        "id": f"{verification_id}.1",
        "verification_id": verification_id,
        "status": DeliveryStatus.WAITING,
        "attempts": 0,
        "abandoned": 0,
        "uncertain": 0,
        "route": "GB",
        "gateway": None,
        "sim": None,
        "gateway_message_id": None,
        "reason": None,
        "created_at": at,
        "due_at": at,
        "deadline_at": at + timedelta(seconds=_SEND_SECONDS),
        "published_at": None,
        "sent_at": None,
        "delivered_at": None,
    }
