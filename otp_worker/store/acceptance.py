"""What a gateway's acceptance of an SMS changes in its delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, case, func, or_, update

from otp_worker.domain.verification import OPEN, DeliveryStatus
from otp_worker.store.prepared import Prepared
from otp_worker.store.receipts import AFTER_ALL, OVER
from otp_worker.store.schema import Instant, deliveries

_d = deliveries.c


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Over which gateway and SIM an SMS was taken, and what the gateway calls it.

    ``poll_at`` is when the gateway is to be asked how far the SMS came; None where it tells by itself.
    """

    gateway: str
    sim: str | None
    message_id: str | None
    reason: str
    accepted_at: datetime
    poll_at: datetime | None


def record_acceptance(connection: Connection, delivery_id: str, taken: Acceptance) -> bool:
    """Write a gateway's acceptance down, whatever became of the delivery since; False if it is gone."""
    return bool(_ACCEPT.run(connection, [_values(delivery_id, taken)]))


def record_acceptances(connection: Connection, taken: Sequence[tuple[str, Acceptance]]) -> list[bool]:
    """The same for several deliveries, in this order."""
    values = [_values(*each) for each in taken]
    if _ACCEPT.run(connection, values) == len(taken):
        return [True] * len(taken)
    # Some are gone, and the database tells how many: to accept one once more changes nothing.
    return [record_acceptance(connection, *each) for each in taken]


def _values(delivery_id: str, taken: Acceptance) -> dict[str, object]:
    return {
        "this": delivery_id,
        "via_gateway": taken.gateway,
        "via_sim": taken.sim,
        "message_id": taken.message_id,
        "why": taken.reason,
        "now": taken.accepted_at,
        "ask_at": taken.poll_at,
    }


# One by one: the driver takes no list of values in a statement that it executes for many rows.
_IS_OPEN = or_(*(_d.status == each for each in OPEN))
_IS_OVER = or_(*(_d.status == each for each in OVER))

# Made once: building a statement costs more than executing it, and each delivery comes here.
_ACCEPT = Prepared(
    update(deliveries)
    .where(_d.id == bindparam("this"))
    .values(
        status=case((_IS_OPEN, DeliveryStatus.SENT), else_=_d.status),
        reason=case(
            (_IS_OPEN, bindparam("why")),
            (
                and_(_IS_OVER, ~func.coalesce(_d.reason, "").endswith(AFTER_ALL)),
                func.coalesce(_d.reason, _d.status) + AFTER_ALL,
            ),
            else_=_d.reason,
        ),
        sent_at=func.coalesce(_d.sent_at, bindparam("now", type_=Instant())),
        # Of two that were taken, the first is the one that receipts and polls are about.
        gateway=case((_d.gateway_message_id.is_(None), bindparam("via_gateway")), else_=_d.gateway),
        sim=case((_d.gateway_message_id.is_(None), bindparam("via_sim")), else_=_d.sim),
        poll_at=case(
            (_d.gateway_message_id.is_(None), bindparam("ask_at", type_=Instant())), else_=_d.poll_at
        ),
        gateway_message_id=func.coalesce(_d.gateway_message_id, bindparam("message_id")),
        lease_until=None,
    )
)
