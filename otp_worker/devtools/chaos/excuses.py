"""Why an SMS may have expired although nobody tried to send it: the phone was away, or codes went first."""

from datetime import datetime, timedelta
from functools import cached_property

from otp_worker.devtools.chaos.doors import Door
from otp_worker.devtools.chaos.plan import BROKER, Kind
from otp_worker.devtools.chaos.records import DeliveryRow, Records
from otp_worker.devtools.chaos.reference import Reference, Window
from otp_worker.devtools.chaos.spans import covered

TAKE_OVER_SECONDS = 14.0
"""What an orphan's rescue may take beyond its lease."""
QUEUE = timedelta(seconds=3)
"""A code that waits for longer stands in a queue: no notice leaves meanwhile, but for one a minute."""
NOTICES_SHARE = 0.5
"""Notices that waited for codes leave one after the other: that takes up to so much of their time."""
_AWAY = frozenset({Kind.OFFLINE, Kind.LONG_OUTAGE})


class Excuses:
    """Judges deliveries by when they were asked for, and by what else was so in their time."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._reference = Reference(records)
        spans = records.spans
        self._phone = [(span.begun_at, span.healed_at) for span in spans if span.fault.kind in _AWAY]
        self._broker = [(span.begun_at, span.healed_at) for span in spans if span.fault.target == BROKER]

    def hold_for(self, row: DeliveryRow) -> bool:
        """Whether the row's SMS may have met nothing but a phone that was away, or codes before it."""
        asked = self._reference.asked_between(row)
        if asked is None:
            return False
        seconds = self._reference.seconds_of(row)
        ends = asked[1] + timedelta(seconds=seconds)
        if self._left(row, asked[1], ends, self._phone) < self._rescue_seconds:
            return True
        return self._reference.wish_of(row).door is Door.NOTICE and self._left(
            row, asked[1], ends, [*self._phone, *self._waits]
        ) < max(self._rescue_seconds, seconds * NOTICES_SHARE)

    @property
    def _rescue_seconds(self) -> float:
        return self._records.terms.lease_seconds + TAKE_OVER_SECONDS

    def _left(self, row: DeliveryRow, begins: datetime, ends: datetime, held: list[Window]) -> float:
        """For how many seconds of its time neither what holds it up was so, nor the broker away.

        Any number of them, where nothing held it up. A RabbitMQ that was killed needs several seconds to come
        back, and no delivery reaches a worker meanwhile.
        """
        seconds = self._reference.seconds_of(row)
        if not covered(held, begins, ends):
            return float("inf")
        return seconds - covered([*held, *self._broker], begins, ends)

    @cached_property
    def _waits(self) -> list[Window]:
        """When codes, and messages of their class, stood in a queue."""
        first_taken: dict[str, datetime] = {}
        for line in self._records.journal:
            first_taken.setdefault(line.verification_id, line.taken_at)
        life = timedelta(seconds=self._records.terms.deadline_seconds)
        return [
            (request.accepted_at, until)
            for request in self._records.accepted
            if request.accepted_at and request.wish.door is not Door.NOTICE
            if (until := first_taken.get(request.verification_id or "", request.accepted_at + life))
            > request.accepted_at + QUEUE
        ]
