"""Rows and dataclasses: a column more is one edit, and none is forgotten."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Table

from otp_worker.domain.verification import Delivery, DeliveryStatus, Verification, VerificationStatus
from otp_worker.store.issue import as_written
from otp_worker.store.new_delivery import NewDelivery
from otp_worker.store.new_verification import NewVerification
from otp_worker.store.rows import delivery_of, new_verification_row, shared_names, verification_of
from otp_worker.store.schema import deliveries, verifications

AT = datetime(2026, 11, 27, tzinfo=UTC)
NEW = NewVerification(
    id="ver_1",
    app="shop",
    test=False,
    number="+447400123456",
    number_hashes=(b"newest", b"older"),
    number_masked="+44********56",
    block_hash=b"block",
    country="GB",
    user="user",
    channel="sms",
    template=None,
    language="en",
    ip_hash=None,
    key_id="key",
    code_length=6,
    seed=b"seed",
    max_checks=5,
    ttl_seconds=300,
    created_at=AT,
    expires_at=AT,
    last_expiry_at=AT,
    resend_at=AT,
    derivation=2,
)
FIRST = NewDelivery("ver_1", 1, "GB", DeliveryStatus.QUEUED, None, AT, AT, AT)


def names(kind: type[Verification | Delivery | NewVerification]) -> set[str]:
    return {field.name for field in fields(kind)}


@pytest.mark.parametrize(
    ("kind", "table", "not_columns"),
    [
        (NewVerification, verifications, {"number_hashes", "buckets", "link_hashes"}),
        (Verification, verifications, {"to", "newest_delivery"}),
        (Delivery, deliveries, set()),
    ],
)
def test_every_field_is_a_column(
    kind: type[Verification | Delivery | NewVerification], table: Table, not_columns: set[str]
) -> None:
    assert names(kind) - set(shared_names(kind, table)) == not_columns


def test_every_column_that_must_hold_something_is_written() -> None:
    required = {column.name for column in verifications.c if not column.nullable}
    row = new_verification_row(NEW)
    assert required <= {name for name, value in row.items() if value is not None}
    assert row["number_hash"] == b"newest"


def test_a_new_verification_reads_as_its_row_does() -> None:
    written = as_written(NEW, FIRST)
    assert (written.id, written.to, written.status) == ("ver_1", "+44********56", VerificationStatus.PENDING)
    assert (written.ended_at, written.reason, written.checks_left) == (None, None, 5)
    assert (written.delivery.id, written.delivery.due_at, written.delivery.sent_at) == ("ver_1.1", AT, None)


def test_a_joined_row_keeps_its_two_halves_apart() -> None:
    row = new_verification_row(replace(NEW, id="ver_2")) | {
        "delivery_id": "ver_2.1",
        "delivery_status": "sent",
    }
    found = verification_of(row, delivery_of(row, "delivery_"))
    assert (found.id, found.status) == ("ver_2", VerificationStatus.PENDING)
    assert (found.delivery.id, found.delivery.status) == ("ver_2.1", DeliveryStatus.SENT)
