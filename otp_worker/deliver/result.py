"""What one attempt at a delivery comes to: it is over, is tried again, waits, or is another worker's."""

from dataclasses import dataclass

from otp_worker.deliver.retry import RetryAt

LATE = "not sent in time"
OVER = "its verification was over before it was sent"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The SMS was handed over, or is not to be sent any more; ``note`` says which, for people."""

    note: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The SMS is unsent and waits in the database, for what ``note`` says; the sweep publishes it again."""

    note: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another worker has the delivery: what becomes of it, that one tells."""


Result = Delivered | RetryAt | Waiting | Elsewhere
