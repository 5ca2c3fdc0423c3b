"""Sends and what became of them, for the pumping guard to judge."""

from datetime import timedelta
from itertools import count

from sqlalchemy import insert, select

from otp_worker.domain.verification import VerificationStatus
from otp_worker.store import pauses as stored_pauses
from otp_worker.store.pauses import Pause
from otp_worker.store.schema import verifications
from tests.contract.service import Service

BLOCK = "+44740012"
ELSEWHERE = "+447400999999"
HOUR = 3600
MIN_SENDS = 20


class Town:
    """Sends and what became of them, written down without being made one by one."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._number = count(1)
        verification = service.issue()
        with service.db.write() as connection:
            row = connection.execute(select(verifications).where(verifications.c.id == verification.id)).one()
            self._row = dict(row._mapping)
            connection.execute(verifications.delete())

    def sends(
        self,
        sends: int,
        approvals: int,
        *,
        block: str = BLOCK,
        country: str = "GB",
        seconds_ago: float = HOUR / 2,
        handed: bool = True,
        app: str = "shop",
    ) -> None:
        """So many codes sent to a block so long ago, of which so many were entered."""
        created_at = self._service.clock() - timedelta(seconds=seconds_ago)
        rows = [
            {
                **self._row,
                "app": app,
                "id": f"ver_{next(self._number):026}",
                "number": f"{block}{n:04}",
                "block_hash": self._service.limits.block_hash(f"{block}0000"),
                "country": country,
                "status": VerificationStatus.APPROVED if n < approvals else VerificationStatus.EXPIRED,
                "created_at": created_at,
                "handed_at": created_at if handed else None,
            }
            for n in range(sends)
        ]
        with self._service.db.write() as connection:
            connection.execute(insert(verifications), rows)

    def usual_days(
        self, *, sends_an_hour: int = 4, approvals: int = 3, block: str = BLOCK, country: str = "GB"
    ) -> None:
        """Two days in which so many of so many codes an hour were entered."""
        for hours_ago in range(3, 51):
            self.sends(sends_an_hour, approvals, block=block, country=country, seconds_ago=hours_ago * HOUR)


def active(service: Service) -> list[Pause]:
    return stored_pauses.active_pauses(service.db, service.clock())
