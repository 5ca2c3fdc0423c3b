"""When each code was asked for, by the run's own clock: nobody steps that one, as they do the service's."""

from collections import defaultdict
from datetime import datetime, timedelta

from otp_worker.devtools.chaos.doors import PLAIN, Wish
from otp_worker.devtools.chaos.records import DeliveryRow, JournalLine, Records

ANSWER = timedelta(seconds=10)
"""A request that was not answered may have taken place until so long after it was made (README's bound)."""

Window = tuple[datetime, datetime]


class Reference:
    """Between which two instants each delivery was asked for, as the client saw it."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._wishes = records.wishes
        self._accepted: dict[str, list[Window]] = defaultdict(list)
        self._unknown: dict[str, list[Window]] = defaultdict(list)
        self._resent: dict[str, list[Window]] = defaultdict(list)
        for request in records.requests:
            if request.accepted_at and request.verification_id:
                self._accepted[request.verification_id].append((request.asked_at, request.accepted_at))
            elif request.refused is None:
                self._unknown[request.number].append((request.asked_at, request.asked_at + ANSWER))
        for resend in records.resends:
            latest = resend.accepted_at or resend.asked_at + ANSWER
            self._resent[resend.verification_id].append((resend.asked_at, latest))

    def asked_between(self, row: DeliveryRow) -> Window | None:
        """The earliest and the latest instant at which the row can have been written; None if unknown."""
        verification = self._records.verifications.get(row.verification_id)
        unknown = self._unknown[verification.number] if verification and verification.number else []
        windows = self._accepted[row.verification_id]
        if row.id != f"{row.verification_id}.1":
            windows = windows + self._resent[row.verification_id]
        windows = windows or unknown
        if not windows:
            return None
        return min(asked for asked, _ in windows + unknown), max(latest for _, latest in windows)

    def wish_of(self, row: DeliveryRow) -> Wish:
        """What the row's SMS was asked for with."""
        verification = self._records.verifications.get(row.verification_id)
        return self._wishes.get(verification.number or "", PLAIN) if verification else PLAIN

    def seconds_of(self, row: DeliveryRow) -> float:
        """For how long the row's SMS may wait to be sent."""
        return self._records.terms.deadline_of(self.wish_of(row))

    def deadline_of(self, row: DeliveryRow) -> datetime:
        """After which the row's message is late.

        Where all clocks are the run's, the row tells it; else the client's instants and the margin do.
        """
        margin = self._records.terms.clocks_differ_by
        window = self.asked_between(row)
        if margin is None or window is None:
            return row.deadline_at
        return window[1] + timedelta(seconds=self.seconds_of(row) + margin)

    def life_ends(self, line: JournalLine, earlier: list[JournalLine]) -> datetime | None:
        """After which an SMS's code is dead, given the SMS before it; None if unknown, or if it has none."""
        records, margin = self._records, self._records.terms.clocks_differ_by
        verification = records.verifications.get(line.verification_id)
        if verification and verification.is_message:
            return None
        if margin is None:
            return verification.expires_at if verification else None
        cap = self.cap_of(line.verification_id)
        lives = [each.taken_at + timedelta(seconds=records.terms.life_seconds + margin) for each in earlier]
        return min((at for at in [cap, *lives] if at is not None), default=None)

    def cap_of(self, verification_id: str) -> datetime | None:
        """After which a verification's code must be dead whatever happens; None if unknown."""
        first = self._records.deliveries.get(f"{verification_id}.1")
        window = self.asked_between(first) if first else None
        if window is None:
            return None
        margin = self._records.terms.clocks_differ_by or 0.0
        return window[1] + timedelta(seconds=self._records.terms.cap_seconds + margin)
