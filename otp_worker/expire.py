"""Step 4, expire: end what time has ended, publish what is due but not moving, purge what is old.

Everything here is idempotent: no run too many does harm, and no run at all lets a code live longer.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from otp_worker.domain.ports import PublishAll
from otp_worker.domain.sim import SANDBOX, Sim, Sims
from otp_worker.protection.circuit_breaker import Breaker, closed_by, open_breakers
from otp_worker.protection.isolation import isolated
from otp_worker.store import (
    deliveries,
    sim_budgets,
    sweeps,
)
from otp_worker.store import expire as statements
from otp_worker.store.database import Database
from otp_worker.store.expire import Lane
from otp_worker.store.sim_budgets import Room
from otp_worker.store.sweeps import SWEEP

ANNOUNCED_FOR = timedelta(hours=1)
"""So long after its deadline it is announced at the latest that a delivery ended while it waited."""
STALLED_SECONDS = 3
"""A due delivery that no worker has taken up for this long may have lost its place in the queue."""

NOTICE_EVERY = timedelta(seconds=60)
"""However many codes wait, a SIM sends a notice so often, if one waits."""
REHEARSED_AT_ONCE = 20
"""So many notices of test keys, which reach no phone, leave at once."""

Purge = Callable[[Database, datetime], int]
"""Forgets what one noun need not know any more at that time; the number of rows."""


@dataclass(frozen=True, slots=True)
class _Release:
    """What may leave over a SIM now, with its deadlines."""

    codes: dict[str, datetime] = field(default_factory=dict)
    notice: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expirer:
    """The fourth step with all it needs; ``backlog`` tells how many deliveries the queue holds.

    ``countries`` are those that may be sent to. Operators see what no worker has in hand:
    ``announce_stuck`` shows them what lies on the queue and does not move, ``announce_over`` what deliveries
    came to that waited; False if it could not.
    """

    db: Database
    publish: PublishAll
    announce_stuck: PublishAll
    announce_over: Callable[[Mapping[str, str]], bool]
    backlog: Callable[[], int]
    sims: Sims
    countries: frozenset[str]
    breaker: Breaker
    purges: Sequence[Purge]

    def expire(self, now: datetime) -> int:
        """End overdue deliveries and expired verifications; the number of both."""
        ended = statements.fail_overdue(self.db, now) + statements.end_expired(self.db, now)
        sweeps.record_sweep(self.db, SWEEP, now)
        self._announce_ended(now)
        return ended

    def _announce_ended(self, now: datetime) -> None:
        """Announce what ended while it waited in the database, whoever ended it: no worker comes upon it."""
        ended = deliveries.ended_unpublished(self.db, now - ANNOUNCED_FOR, statements.BATCH)
        if ended and self.announce_over(ended):
            # So that it is told once.
            deliveries.mark_published(self.db, list(ended), now)

    def enqueue_due(self, now: datetime) -> int:
        """Publish what is due and not on the queue, nearest deadline first, and what is not moving there.

        The answer is the number of deliveries published. No more are than the SIMs can send: while a
        gateway is away that is one at a time, when the next probe is due.
        """
        backlog = self.backlog()
        stuck = statements.stalled(self.db, now, now - timedelta(seconds=STALLED_SECONDS))
        again = self._lost(stuck, backlog, now)
        room = max(statements.BATCH - backlog - len(again), 0)
        fresh = self._may_leave(now, room)
        if again:
            deliveries.mark_published_again(self.db, again, now)
        if fresh:
            deliveries.mark_published(self.db, fresh, now)
        if again or fresh:
            self.publish(again + fresh)
        # Last: what is only shown must not stand in the way of what is sent.
        self.announce_stuck(stuck)
        return len(again) + len(fresh)

    def _lost(self, stuck: list[str], backlog: int, now: datetime) -> list[str]:
        """Of the deliveries that do not move, longest first, those that are not on the queue any more.

        What still lies there only waits its turn; publishing it once more would grow the queue.
        """
        if not stuck or not backlog:
            return stuck
        # What came since lies on the queue too: it must not be taken for what was lost before it.
        missing = statements.count_unclaimed(self.db, now) - backlog
        return stuck[: max(missing, 0)]

    def _may_leave(self, now: datetime, most: int) -> list[str]:
        """The waiting deliveries that some SIM could send now: codes first, each kind nearest deadline first.

        Of notices no more are on their way than there are SIMs: no code waits for more than one of them.
        """
        if not statements.is_any_waiting(self.db, now):
            return []
        codes = dict(statements.not_published(self.db, now, Lane([SANDBOX]), most))
        notices: dict[str, datetime] = {}
        free = sum(sim.is_phone for sim in self.sims.all) - statements.notices_on_their_way(self.db)
        for sim in self._from_anywhere(now):
            if len(codes) >= most:
                break
            with isolated("release", sim=sim.name):
                taken = _Release(codes, notices)
                release = self._over(sim, now, most, taken, may_take_notice=len(notices) < free)
                codes |= release.codes
                notices |= release.notice
        rehearsed = Lane([SANDBOX], notices=True)
        notices |= dict(statements.not_published(self.db, now, rehearsed, REHEARSED_AT_ONCE))
        return [*sorted(codes, key=codes.__getitem__), *sorted(notices, key=notices.__getitem__)][:most]

    def _from_anywhere(self, now: datetime) -> Sequence[Sim]:
        """Every SIM, each time from another one on: none is always behind those that fill the queue."""
        known = self.sims.all
        first = Random(now.timestamp()).randrange(max(len(known), 1))  # nosec B311 # noqa: S311 - no secret
        return [*known[first:], *known[:first]]

    def _over(
        self, sim: Sim, now: datetime, most: int, taken: _Release, *, may_take_notice: bool
    ) -> _Release:
        """What could leave over a SIM beside what others take: all it has room for, or one as its probe."""
        state = self.breaker.state(sim.gateway)
        if closed_by(state, sim.name, now, now) is not None:
            return _Release()
        probes = bool(open_breakers(state, sim.name))
        room = sim_budgets.room(self.db, sim, now, most, paced=not probes)
        lane = Lane(self.countries if sim.countries is None else sim.countries, sim.name)
        codes = self._find(lane, room, now, taken.codes, probes=probes)
        if not may_take_notice or (codes and (probes or self._has_had_notice(sim, now))):
            return _Release(codes)
        one = replace(room, to_anybody=min(room.to_anybody, 1), in_all=min(room.in_all, 1))
        found = self._find(replace(lane, notices=True), one, now, taken.notice, probes=probes)
        notice = dict(list(found.items())[:1])
        if notice and len(codes) >= room.in_all:
            # Codes fill the SIM for longer than a notice may wait for its turn: this one is a notice's.
            codes.popitem()
        return _Release(codes, notice)

    def _has_had_notice(self, sim: Sim, now: datetime) -> bool:
        """Whether a notice left over a SIM lately: without a turn now and then, codes would starve them."""
        return statements.has_sent_notice(self.db, sim.name, now - NOTICE_EVERY)

    def _find(
        self, lane: Lane, room: Room, now: datetime, taken: Collection[str], *, probes: bool
    ) -> dict[str, datetime]:
        find = self._probe if probes else self._untaken
        found = find(lane, now, room.to_anybody, taken)
        if room.month is not None:
            # Who was written to this month may be written to again, whatever is left of it.
            found |= find(replace(lane, written_to_in=room.month), now, room.in_all, taken)
        return dict(list(found.items())[:1]) if probes else found

    def _probe(self, lane: Lane, now: datetime, limit: int, _taken: Collection[str]) -> dict[str, datetime]:
        return dict(statements.probe(self.db, now, lane, limit))

    def _untaken(self, lane: Lane, now: datetime, limit: int, taken: Collection[str]) -> dict[str, datetime]:
        """What waits in a lane and leaves over no other SIM: each has room of its own."""
        found = statements.not_published(self.db, now, lane, limit + len(taken) if limit > 0 else 0)
        return dict([each for each in found if each[0] not in taken][:limit])

    def purge(self, now: datetime) -> int:
        """Forget plain numbers that are not needed any more, and delete what is old; the number of rows."""
        forgotten = 0
        for purge in self.purges:
            with isolated("purge"):
                forgotten += purge(self.db, now)
        # The log of changes is emptied last: it holds what was wiped.
        self.db.checkpoint()
        return forgotten
