"""A delivery before it is written, and writing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert

from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import EMAIL_ROUTE, Delivery, DeliveryStatus
from otp_worker.store.prepared import Prepared
from otp_worker.store.rows import delivery_of, shared_names
from otp_worker.store.schema import deliveries

GIVEN_UP_BY_OLDER = 3
"""So many attempts of an e-mail count as abandoned from the start. Every version gives up what has so many
before it does anything else with it: one that knows no e-mail would send an SMS."""


def abandoned_at_first(route: str) -> int:
    """What the column ``abandoned`` of a delivery by this route begins with."""
    return GIVEN_UP_BY_OLDER if route == EMAIL_ROUTE else 0


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery as it is first written; ``published_at`` is None where it must wait for the sweep.

    It is due when it is asked for, unless ``due_at`` says when.
    """

    verification_id: str
    number: int
    route: str
    status: DeliveryStatus
    reason: str | None
    created_at: datetime
    deadline_at: datetime
    published_at: datetime | None
    priority: str | None = None
    due_at: datetime | None = None

    @property
    def id(self) -> str:
        """The verification's id with the delivery's number: who knows the one finds the other."""
        return f"{self.verification_id}.{self.number}"

    @property
    def waits(self) -> list[Step]:
        """The step that it waits from the start, if it does."""
        if self.status is not DeliveryStatus.WAITING:
            return []
        return [
            Step(self.created_at, StepKind.WAITING, self.verification_id, self.number, detail=self.reason)
        ]


def delivery_as_written(first: NewDelivery) -> Delivery:
    """The new delivery as it stood when it was written."""
    return delivery_of(_new_delivery_row(first))


def insert_deliveries(connection: Connection, new: Sequence[NewDelivery]) -> None:
    """Write deliveries of verifications that are written."""
    _INSERT_DELIVERY.run(connection, [_new_delivery_row(each) for each in new])


_NEW_DELIVERY = shared_names(NewDelivery, deliveries)

# Made once: building a statement costs more than executing it.
_INSERT_DELIVERY = Prepared(insert(deliveries))


def _new_delivery_row(new: NewDelivery) -> dict[str, object]:
    return {name: getattr(new, name) for name in _NEW_DELIVERY} | {
        "id": new.id,
        "attempts": 0,
        "abandoned": abandoned_at_first(new.route),
        "uncertain": 0,
        "due_at": new.due_at or new.created_at,
    }
