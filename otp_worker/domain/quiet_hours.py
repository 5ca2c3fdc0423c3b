"""Quiet hours: the time of day at which no notice is sent, by the clocks of the person who would get it.

A number tells its time zones (libphonenumber), and a mobile number often several: it is quiet if it is quiet
in any of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

QUIET = "quiet hours where the number is"
"""What the reason of a notice begins with that waits for their end."""
LONGEST = timedelta(days=2)
"""Where the zones of a number leave no hour of the day, the end is looked for again after so long."""
_SPELLING = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_UNKNOWN = "Etc/Unknown"
_NUMBERS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``begins`` on and before ``ends``, by the clock on the person's wall; over midnight too."""

    begins: time
    ends: time

    @classmethod
    def parse(cls, text: str) -> "QuietHours":
        """Hours as they are written, such as 21:00-08:00. Raises ValueError."""
        found = _SPELLING.fullmatch(text)
        if found is None or found[1] + found[2] == found[3] + found[4]:
            raise ValueError("give two different times of day, such as 21:00-08:00")
        return cls(time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4])))

    def until(self, e164: str, now: datetime) -> datetime | None:
        """When it is quiet no more in any zone of a number; None where it is not quiet at ``now``."""
        zones = zones_of(e164)
        at = now
        while at < now + LONGEST:
            ends = [self._ends(at.astimezone(zone)) for zone in zones if self._covers(at.astimezone(zone))]
            if not ends:
                return at if at > now else None
            at = max(ends)
        return now + LONGEST

    def _covers(self, local: datetime) -> bool:
        clock = local.time()
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends

    def _ends(self, local: datetime) -> datetime:
        """The end of the hours that a local time is in."""
        day = local.date() if local.time() < self.ends else local.date() + timedelta(days=1)
        end = datetime.combine(day, self.ends, local.tzinfo).astimezone(UTC)
        # Where a clock is put back at that time of day, the hour before it comes twice.
        return end if end > local else end + timedelta(hours=1)


@lru_cache(_NUMBERS_KEPT)
def zones_of(e164: str) -> Sequence[ZoneInfo]:
    """The time zones that a number may be in; UTC where nobody knows one."""
    # Its data takes a while to load, and only who has quiet hours needs it.
    from phonenumbers import parse
    from phonenumbers.timezone import time_zones_for_number

    names = [name for name in time_zones_for_number(parse(e164)) if name != _UNKNOWN]
    return [zone for zone in map(_zone, names) if zone is not None] or [ZoneInfo("UTC")]


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return None
