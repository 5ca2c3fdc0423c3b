"""Lists of verifications, asked for in one line."""

from datetime import timedelta

from otp_worker.domain.verification import Verification
from otp_worker.store import trail
from otp_worker.store.trail import Place, Wanted
from tests.contract.service import Service

HOUR = timedelta(hours=1)


def listed(service: Service, wanted: Wanted, after: Place | None = None, limit: int = 50) -> list[str]:
    return [each.id for each in trail.page(service.db, wanted, limit, service.clock(), after)]


def place(verification: Verification) -> Place:
    return Place(verification.created_at, verification.id)
