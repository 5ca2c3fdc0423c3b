"""When a SIM may send at its pace: turns that are its interval apart (the generic cell rate algorithm).

A slot is the earliest instant of a SIM's next SMS. Turns may be taken a little ahead of their time.
"""

from datetime import datetime, timedelta

from otp_worker.domain.sim import Sim

SLOTS_AHEAD = timedelta(seconds=1)


def ahead(sim: Sim) -> timedelta:
    """How far ahead of its time a turn may be taken."""
    return max(SLOTS_AHEAD, sim.interval or SLOTS_AHEAD)


def has_turn(sim: Sim, slot: datetime, now: datetime) -> bool:
    """Whether a turn may be taken now."""
    return slot <= now + ahead(sim)


def turns_left(sim: Sim, slot: datetime, now: datetime, most: int) -> int:
    """How many turns may be taken now, one after another; ``most`` at most."""
    if sim.interval is None:
        return most
    return min(most, max(int((now + ahead(sim) - slot) / sim.interval) + 1, 0))


def slot_after(sim: Sim, slot: datetime, now: datetime) -> datetime | None:
    """The slot once a turn is taken now; None for a SIM without a pace.

    What goes out of turn puts the others off by as much as the pace allows, and no more.
    """
    return min(slot, now + ahead(sim)) + sim.interval if sim.interval else None
