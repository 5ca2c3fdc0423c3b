"""Sends that are gathered, to be written together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from otp_worker.domain.limits import Remaining
from otp_worker.issue.request import SendRequest
from otp_worker.issue.writer import SendWriter
from otp_worker.store.issue import NewSend
from tests.contract.service import SHOP, Service


class Gathering(SendWriter):
    """Keeps what it is to write."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sends: list[NewSend] = []

    def write(self, send: NewSend) -> list[Remaining]:
        self.sends.append(send)
        return []


def issue_together(service: Service, arrivals: Sequence[tuple[datetime, str]]) -> None:
    """Ask for a code for each number at its instant; all are written in one transaction."""
    gathering = Gathering(service.db, service.limiter, service.publish, service.announce_waiting)
    issuer = replace(service.issuer, writer=gathering)
    for at, number in arrivals:
        issuer.issue(SendRequest(number), SHOP, at)
    if gathering.sends:
        service.issuer.writer.write_all(gathering.sends)
