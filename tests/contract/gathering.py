"""Sends that are gathered, to be written together."""

from otp_worker.domain.limits import Remaining
from otp_worker.issue.writer import SendWriter
from otp_worker.store.issue import NewSend


class Gathering(SendWriter):
    """Keeps what it is to write."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sends: list[NewSend] = []

    def write(self, send: NewSend) -> list[Remaining]:
        self.sends.append(send)
        return []
