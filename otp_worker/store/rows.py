"""Rows as dataclasses, and dataclasses as rows: a field that has a column's name is that column.

So a column more is one more line in the schema and one more field; nothing lists them a second time.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Table

from otp_worker.domain.verification import Delivery, DeliveryStatus, Verification, VerificationStatus
from otp_worker.store.new_verification import NewVerification
from otp_worker.store.schema import deliveries, verifications


def shared_names(kind: type[Any], table: Table) -> tuple[str, ...]:
    """The fields of a dataclass that are columns of a table."""
    return tuple(field.name for field in fields(kind) if field.name in table.c)


_VERIFICATION = shared_names(Verification, verifications)
_DELIVERY = shared_names(Delivery, deliveries)
_NEW_VERIFICATION = shared_names(NewVerification, verifications)


def verification_of(values: Mapping[Any, Any], newest_delivery: Delivery | None) -> Verification:
    """A verification from the values of its row; a column that is not among them is null."""
    held: dict[str, Any] = {name: values.get(name) for name in _VERIFICATION}
    held |= {"status": VerificationStatus(values["status"]), "to": values["number_masked"]}
    held["tags"] = held["tags"] or {}
    return Verification(**held, newest_delivery=newest_delivery)


def delivery_of(values: Mapping[Any, Any], prefix: str = "") -> Delivery:
    """A delivery from the values of its row, each named with ``prefix``; one that is missing is null."""
    held: dict[str, Any] = {name: values.get(prefix + name) for name in _DELIVERY}
    held["status"] = DeliveryStatus(values[f"{prefix}status"])
    return Delivery(**held)


def new_verification_row(new: NewVerification) -> dict[str, object]:
    """What is written of a new verification; every other column is null."""
    return {name: getattr(new, name) for name in _NEW_VERIFICATION} | {
        "number_hash": new.number_hash,
        "link_hash": new.link_hash,
        "status": VerificationStatus.PENDING,
        "checks": 0,
        "failed_checks": 0,
    }


def tag_rows(new: NewVerification) -> list[dict[str, str]]:
    """What is written of a new verification's tags."""
    tags = (new.tags or {}).items()
    return [{"verification_id": new.id, "name": name, "value": value} for name, value in tags]


def bucket_rows(new: NewVerification) -> list[dict[str, object]]:
    """What is written of the buckets that it counts in."""
    return [
        {"verification_id": new.id, "name": each.name, "bucket_hash": each.hashes[0]} for each in new.buckets
    ]
