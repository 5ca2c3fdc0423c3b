"""What a worker has claimed is its own for ever, even after its death."""

from datetime import datetime

from sqlalchemy import select

from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store import deliver
from otp_worker.store.database import Database
from otp_worker.store.job import Job
from otp_worker.store.schema import deliveries
from tests.devtools.chaos.mutations.program import run_program

claim = deliver.claim


def claim_unless_claimed(
    db: Database, delivery_id: str, now: datetime, lease_seconds: float, worker: str | None = None
) -> Job | None:
    with db.read() as connection:
        statement = select(deliveries.c.status).where(deliveries.c.id == delivery_id)
        status = connection.execute(statement).scalar()
    return None if status == DeliveryStatus.SENDING else claim(db, delivery_id, now, lease_seconds, worker)


deliver.claim = claim_unless_claimed

if __name__ == "__main__":
    run_program()
