"""What the account is made from: the client's answers, the database's rows, the phone's journal."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from pathlib import Path

from sqlalchemy import select

from otp_worker.devtools.chaos.doors import PLAIN, Door, Wish
from otp_worker.devtools.chaos.plan import Fault
from otp_worker.domain.message import CHANNEL, MIN_LIFE_SECONDS
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, verifications

SENT = (DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.UNDELIVERED)
_CODE = re.compile(r"\b\d{6}\b")


@dataclass(frozen=True, slots=True)
class Request:
    """A send as the client saw it; without ``accepted_at`` nobody knows whether it took place.

    ``refused`` is the status of an answer that says it did not, ``failed`` of one that does not say.
    """

    number: str
    asked_at: datetime
    accepted_at: datetime | None = None
    verification_id: str | None = None
    refused: int | None = None
    failed: int | None = None
    wish: Wish = PLAIN


@dataclass(frozen=True, slots=True)
class Resend:
    """A resend that the client asked for; without ``accepted_at`` nobody knows whether it took place."""

    verification_id: str
    asked_at: datetime
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VerificationRow:
    """A verification, or a message, as the run left it in the database.

    ``is_sealed`` tells whether a text or code that its app gave is still there, sealed.
    """

    id: str
    number: str | None
    status: VerificationStatus
    expires_at: datetime
    key_id: str
    code_hash: bytes | None
    is_message: bool = False
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as the run left it in the database."""

    id: str
    verification_id: str
    status: DeliveryStatus
    attempts: int
    abandoned: int
    uncertain: int
    gateway: str | None
    gateway_message_id: str | None
    reason: str | None
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class JournalLine:
    """A message as the phone took it."""

    ref: str
    to: str
    code: str
    taken_at: datetime
    text: str = ""

    @property
    def verification_id(self) -> str:
        """The verification that the reference names."""
        return self.ref.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Span:
    """When a fault began and when it was healed."""

    fault: Fault
    begun_at: datetime
    healed_at: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """What the service was told to keep to; durations in seconds.

    ``clocks_differ_by`` is how far the clocks of two of its processes may be apart while nobody steps one;
    None where all have the run's own clock. ``flood_limit`` is how many SMS a flooded number may get.
    """

    deadline_seconds: float = 120.0
    life_seconds: float = 300.0
    cap_seconds: float = 600.0
    lease_seconds: float = 16.0
    clocks_differ_by: float | None = None
    flood_limit: int = 0

    @property
    def notice_seconds(self) -> int:
        """How long a notice may wait to be sent: as a code, but that no message's life may be shorter."""
        return max(ceil(self.deadline_seconds), MIN_LIFE_SECONDS)

    def deadline_of(self, wish: Wish) -> float:
        """How many seconds an SMS that is asked for so may wait to be sent."""
        return self.notice_seconds if wish.door is Door.NOTICE else self.deadline_seconds


@dataclass(frozen=True, slots=True)
class Sightings:
    """What was seen from outside while the run lasted, each with the instant by the run's own clock.

    ``expired`` are the deliveries and verifications that were found to have expired, ``swept`` the times at
    which the sweep was found to have run once more, and the last look of all;
    ``ready`` is what `/readyz` said.
    """

    expired: dict[str, datetime] = field(default_factory=dict)
    swept: list[datetime] = field(default_factory=list)
    ready: list[tuple[datetime, bool]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Records:
    """The independent records of one run: of the client, the database, the phone, and who watched.

    All instants of the client, the phone, the spans and the sightings are of one clock that nobody steps.
    """

    requests: list[Request]
    verifications: dict[str, VerificationRow]
    deliveries: dict[str, DeliveryRow]
    journal: list[JournalLine]
    resends: list[Resend] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    sightings: Sightings = field(default_factory=Sightings)
    flooded: frozenset[str] = frozenset()
    terms: Terms = field(default_factory=Terms)

    @property
    def accepted(self) -> list[Request]:
        """The requests that were answered 202."""
        return [request for request in self.requests if request.accepted_at]

    @property
    def wishes(self) -> dict[str, Wish]:
        """What was asked for with each number: each has one wish alone."""
        return {request.number: request.wish for request in self.requests}

    @property
    def unsure(self) -> list[DeliveryRow]:
        """What was settled as perhaps sent, and was not: the price of the policy for uncertain outcomes."""
        taken = {line.ref for line in self.journal}
        rows = self.deliveries.values()
        return [
            row
            for row in rows
            if row.status in SENT and row.gateway_message_id is None and row.id not in taken
        ]

    def deliveries_of(self, verification_id: str) -> list[DeliveryRow]:
        """The deliveries of a verification, oldest first."""
        found, number = [], 1
        while row := self.deliveries.get(f"{verification_id}.{number}"):
            found.append(row)
            number += 1
        return found


def read_database(db: Database) -> tuple[dict[str, VerificationRow], dict[str, DeliveryRow]]:
    """Every verification and every delivery, by id."""
    with db.read() as connection:
        verification_rows = connection.execute(select(verifications)).all()
        delivery_rows = connection.execute(select(deliveries)).all()
    return (
        {
            row.id: VerificationRow(
                row.id,
                row.number,
                VerificationStatus(row.status),
                row.expires_at,
                row.key_id,
                row.code_hash,
                row.channel == CHANNEL,
                row.sealed is not None,
            )
            for row in verification_rows
        },
        {
            row.id: DeliveryRow(
                row.id,
                row.verification_id,
                DeliveryStatus(row.status),
                row.attempts,
                row.abandoned,
                row.uncertain,
                row.gateway,
                row.gateway_message_id,
                row.reason,
                row.deadline_at,
            )
            for row in delivery_rows
        },
    )


def read_journal(path: Path) -> list[JournalLine]:
    """The phone's journal, in the order in which messages were taken."""
    return list(_lines(path.read_text(encoding="utf-8").splitlines()))


def _lines(texts: Iterable[str]) -> Iterable[JournalLine]:
    for text in texts:
        line = json.loads(text)
        code = _CODE.search(line["text"])
        yield JournalLine(
            line["ref"] or "",
            line["to"],
            code.group() if code else "",
            datetime.fromisoformat(line["taken_at"]),
            line["text"],
        )


def grouped(lines: list[JournalLine], key: Callable[[JournalLine], str]) -> dict[str, list[JournalLine]]:
    """Journal lines by what ``key`` says of them."""
    groups: dict[str, list[JournalLine]] = defaultdict(list)
    for line in lines:
        groups[key(line)].append(line)
    return groups
