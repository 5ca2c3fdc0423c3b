"""Statements for the blocks and countries that are paused, or exempt from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, or_, select, update

from otp_worker.domain.pumping import Figures, PumpedKind, Usual, pause_seconds
from otp_worker.store.conversions import subject_of
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.notifications import insert_notices
from otp_worker.store.schema import pauses

_p = pauses.c

PAUSED = "guard.paused"
IN_A_ROW = timedelta(days=1)
"""A pause that begins within this time of the last one's end is longer than that one."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A block or a country that was paused or is exempt; the figures are those it was last paused for."""

    name: str
    kind: PumpedKind
    subject: bytes
    label: str
    sends: int | None
    approvals: int | None
    usual_sends_an_hour: float | None
    usual_conversion: float | None
    in_a_row: int
    paused_at: datetime | None
    paused_until: datetime | None
    exempt_until: datetime | None
    app: str | None = None
    place: bytes | None = None
    observed: bool = False

    @property
    def reason(self) -> str | None:
        """Why it was paused, in figures."""
        if self.sends is None:
            return None
        seen = f"{self.approvals} of {self.sends} codes entered in an hour; "
        if self.usual_sends_an_hour is None or self.usual_conversion is None:
            return seen + "what is usual is not known yet"
        return f"{seen}usually {self.usual_conversion:.0%} of {self.usual_sends_an_hour:.1f} are"

    def is_paused(self, now: datetime) -> bool:
        """Whether sends to it are refused now."""
        return self.is_told_of(now) and not self.observed and not self.is_exempt(now)

    def is_told_of(self, now: datetime) -> bool:
        """Whether it was paused, or observed, so lately that it is not to be told of again."""
        return self.paused_until is not None and self.paused_until > now

    def is_exempt(self, now: datetime) -> bool:
        """Whether it is not to be paused now."""
        return self.exempt_until is not None and self.exempt_until > now

    def state(self, now: datetime) -> Literal["paused", "exempt", "watched"]:
        """In one word: exempt, paused, or watched."""
        if self.is_exempt(now):
            return "exempt"
        return "paused" if self.is_paused(now) else "watched"


@dataclass(frozen=True, slots=True)
class Suspect:
    """What is to be paused, and for what."""

    kind: PumpedKind
    app: str
    place: bytes
    label: str
    recent: Figures
    usual: Usual

    @property
    def observed(self) -> bool:
        """Whether it is only told of: nobody knows what is usual there."""
        return self.usual.conversion is None


def name_of(kind: PumpedKind, subject: bytes) -> str:
    """What operators call it: a country by its code, a block by the beginning of its hash."""
    return subject.decode() if kind is PumpedKind.COUNTRY else subject.hex()[:12]


def pause(
    db: Database, suspect: Suspect, first_seconds: int, channels: Sequence[str], now: datetime
) -> tuple[Pause, list[str]] | None:
    """Pause a suspect, with a notice on each channel; None if it is paused already, or exempt."""
    subject = subject_of(suspect.app, suspect.place)
    key = (_p.kind == suspect.kind, _p.subject == subject)
    with db.write() as connection:
        new = _new(suspect.kind, suspect.place, suspect.label)
        new |= {"subject": subject, "app": suspect.app, "place": suspect.place}
        insert_missing(connection, pauses, **new)
        row = connection.execute(select(pauses).where(*key).with_for_update()).one()
        before = _pause(row)
        if before.is_exempt(now) or _is_exempt_for_all(connection, suspect, now):
            return None
        # What was only observed is paused as soon as it is known what is usual.
        if before.is_told_of(now) and (suspect.observed or not before.observed):
            return None
        again = before.paused_until is not None and now - before.paused_until < IN_A_ROW
        in_a_row = before.in_a_row + 1 if again else 1
        until = now + timedelta(seconds=pause_seconds(first_seconds, in_a_row))
        after = _pause(
            connection.execute(
                update(pauses)
                .where(*key)
                .values(
                    label=suspect.label,
                    sends=suspect.recent.sends,
                    approvals=suspect.recent.approvals,
                    usual_sends_an_hour=suspect.usual.sends_an_hour,
                    usual_conversion=suspect.usual.conversion,
                    in_a_row=in_a_row,
                    paused_at=now,
                    paused_until=until,
                    exempt_until=None,
                    observed=suspect.observed,
                )
                .returning(pauses)
            ).one()
        )
        return after, insert_notices(connection, channels, PAUSED, _told_of(after), now)


def active_pauses(db: Database, now: datetime) -> list[Pause]:
    """Every block and country that is paused now."""
    statement = select(pauses).where(
        _p.paused_until > now,
        _p.observed.is_(False),
        or_(_p.exempt_until.is_(None), _p.exempt_until <= now),
    )
    with db.read() as connection:
        return [_pause(row) for row in connection.execute(statement)]


def known_pauses(db: Database) -> list[Pause]:
    """Every block and country that was ever paused or exempted, the last one first."""
    statement = select(pauses).order_by(_p.paused_at.desc(), _p.name)
    with db.read() as connection:
        return [_pause(row) for row in connection.execute(statement)]


def exempt(db: Database, kind: PumpedKind, place: bytes, label: str, until: datetime) -> Pause:
    """End the pauses of a block or a country, whichever app's, and allow none until then."""
    with db.write() as connection:
        insert_missing(connection, pauses, **_new(kind, place, label))
        there = (_p.kind == kind, or_(_p.subject == place, _p.place == place))
        connection.execute(update(pauses).where(*there).values(exempt_until=until))
        for_all = select(pauses).where(_p.kind == kind, _p.subject == place)
        return _pause(connection.execute(for_all).one())


def _is_exempt_for_all(connection: Connection, suspect: Suspect, now: datetime) -> bool:
    for_all = select(pauses).where(_p.kind == suspect.kind, _p.subject == suspect.place)
    row = connection.execute(for_all).first()
    return row is not None and _pause(row).is_exempt(now)


def _new(kind: PumpedKind, subject: bytes, label: str) -> dict[str, Any]:
    return {"kind": kind, "subject": subject, "name": name_of(kind, subject), "label": label, "in_a_row": 0}


def _told_of(paused: Pause) -> dict[str, object]:
    return {
        "kind": paused.kind,
        "app": paused.app,
        "observed": paused.observed,
        "name": paused.name,
        "label": paused.label,
        "reason": paused.reason,
        "sends": paused.sends,
        "approvals": paused.approvals,
        "paused_until": paused.paused_until.isoformat() if paused.paused_until else None,
    }


def _pause(row: Row[Any]) -> Pause:
    return Pause(
        name=row.name,
        kind=PumpedKind(row.kind),
        subject=bytes(row.subject),
        label=row.label,
        sends=row.sends,
        approvals=row.approvals,
        usual_sends_an_hour=row.usual_sends_an_hour,
        usual_conversion=row.usual_conversion,
        in_a_row=row.in_a_row,
        paused_at=row.paused_at,
        paused_until=row.paused_until,
        exempt_until=row.exempt_until,
        app=row.app,
        place=bytes(row.place) if row.place is not None else None,
        observed=row.observed,
    )
