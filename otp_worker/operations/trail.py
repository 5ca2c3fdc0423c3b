"""Where a code is: lists and searches, and of one verification its cause and its trail."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, partial

import phonenumbers

from otp_worker.domain.cause import Cause, explain
from otp_worker.domain.errors import CountryNotAllowedError, InvalidFieldError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.message import ID_PREFIX
from otp_worker.domain.ports import Clock
from otp_worker.domain.recipient import parse_recipient
from otp_worker.domain.sim import SANDBOX, Sims
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.timeline import Moment, timeline
from otp_worker.domain.verification import Delivery, Verification
from otp_worker.store import steps as stored_steps
from otp_worker.store import trail as statements
from otp_worker.store import verifications
from otp_worker.store.circuit_breakers import BreakerState, GatewayState, read_state
from otp_worker.store.database import Database
from otp_worker.store.trail import Place, Wanted

StateOf = Callable[[str], GatewayState]
"""How a gateway's circuit breaker stands."""
AFTER_THE_END = timedelta(minutes=1)
"""A gateway whose return ended a wait is written down a little after the SMS that found it back."""


@dataclass(frozen=True, slots=True)
class Trail:
    """One verification with every SMS of it, its plain cause, and what happened, in the order of time."""

    verification: Verification
    deliveries: Sequence[Delivery]
    cause: Cause
    moments: Sequence[Moment]


@dataclass(frozen=True, slots=True)
class Page:
    """Verifications, newest first; ``last`` is where the next page begins, None after the last one."""

    verifications: Sequence[Verification]
    last: Place | None


@dataclass(frozen=True, slots=True)
class Trails:
    """Looks for verifications; a number is found by its keyed hashes under every root secret that counts.

    ``countries`` are those that may be sent to, in which a number may be written as it is dialled there.
    """

    db: Database
    keyring: Keyring
    countries: Collection[str]
    sims: Sims
    clock: Clock

    def page(self, wanted: Wanted, limit: int, after: Place | None = None) -> Page:
        """A page of what is wanted."""
        found = statements.page(self.db, wanted, limit + 1, self.clock(), after)
        shown = found[:limit]
        is_last = len(found) <= limit
        return Page(shown, None if is_last else Place(shown[-1].created_at, shown[-1].id))

    def of_number(self, number: str, wanted: Wanted, limit: int, after: Place | None = None) -> Page:
        """A page of what is wanted of a number of any country, or of an address. Raises InvalidFieldError."""
        try:
            parsed = parse_recipient(number, self.countries)
        except (InvalidFieldError, CountryNotAllowedError):
            # What was allowed once may not be any more.
            parsed = parse_recipient(number, phonenumbers.SUPPORTED_REGIONS)
        hashes = self.keyring.number_hashes(parsed.identity)
        return self.page(replace(wanted, number_hashes=hashes), limit, after)

    def sms_of(self, verification_ids: Sequence[str]) -> Mapping[str, Sequence[Delivery]]:
        """Every SMS of each of these verifications, in the order in which they were asked for."""
        return statements.deliveries_of(self.db, verification_ids)

    def find(self, what: str, limit: int) -> list[Verification]:
        """What a number, a user, a reference, a tag, or an id of whatever kind leads to.

        The newest come first. Nothing is an answer too.
        """
        ids = [verification_id_in(what), *statements.ids_of(self.db, what)]
        found = [verifications.find(self.db, each) for each in ids[: limit + 1] if each is not None]
        by_id = [each for each in found if each is not None]
        if by_id:
            return by_id[:limit]
        name, _, value = what.partition(":")
        tagged = [Wanted(tag=(name, value), messages=None)] if value else []
        for wanted in (
            Wanted(user=what, messages=None),
            Wanted(client_reference=what, messages=None),
            *tagged,
        ):
            theirs = self.page(wanted, limit).verifications
            if theirs:
                return list(theirs)
        try:
            return list(self.of_number(what, Wanted(messages=None), limit).verifications)
        except InvalidFieldError:
            return []

    def trail(self, verification_id: str, app: str | None = None, zone: tzinfo = UTC) -> Trail | None:
        """A verification's trail; with ``app`` only if it is that app's.

        Its cause tells instants in ``zone``.
        """
        found = verifications.find(self.db, verification_id, app)
        return None if found is None else self.trails([found], zone)[0]

    def trails(self, found: Sequence[Verification], zone: tzinfo = UTC) -> list[Trail]:
        """The trail of each of these verifications, read together."""
        now, ids = self.clock(), [each.id for each in found]
        sms, own = statements.deliveries_of(self.db, ids), stored_steps.of_verifications(self.db, ids)
        state_of = cache(partial(read_state, self.db))
        return [self._trail(each, sms[each.id], own[each.id], state_of, now, zone) for each in found]

    def _trail(
        self,
        found: Verification,
        sms: Sequence[Delivery],
        own: Sequence[Step],
        state_of: StateOf,
        now: datetime,
        zone: tzinfo,
    ) -> Trail:
        outages = self._outages(found, sms, own, state_of, now)
        cause = explain(found, sms, own, outages, now, zone, self.sims.all)
        return Trail(found, sms, cause, timeline(found, sms, own, outages))

    def _outages(
        self,
        found: Verification,
        sms: Sequence[Delivery],
        own: Sequence[Step],
        state_of: StateOf,
        now: datetime,
    ) -> list[Step]:
        """When the gateways that may, or did, send it went away and came back."""
        routes = {each.route for each in sms} - {SANDBOX}
        serving = {sim.gateway for route in routes for sim in self.sims.serving(route)}
        asked = {each.gateway for each in sms} | {step.gateway for step in own}
        until = (found.ended_at or now) + AFTER_THE_END
        gateways = serving | {name for name in asked if name}
        known = statements.outages(self.db, gateways, found.created_at, until)
        if found.ended_at is not None:
            return known
        return [*known, *_lasting({name: state_of(name) for name in sorted(gateways)}, known)]


AT_ONCE, BEHIND = 1_000, 500
"""So many steps are read at once, and so many of the last ones again."""


class NewSteps:
    """The steps that are written from now on.

    Postgres gives out a step's number before it is committed, so that a later one can be seen earlier: the
    last numbers are read again each time, and what was told before is left out.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._after = statements.last_step(db)
        self._told: set[int] = set()

    def read(self) -> list[Step]:
        """Those that were not told before, in the order of their numbers."""
        found = statements.newest_steps(self._db, self._after, AT_ONCE)
        new = [step for number, step in found if number not in self._told]
        self._told.update(number for number, _ in found)
        self._after = max(self._after, max(self._told, default=0) - BEHIND)
        self._told = {number for number in self._told if number > self._after}
        return new


def verification_id_in(what: str) -> str | None:
    """The id of a verification or a message that is written as it is, or as a delivery's."""
    return what.partition(".")[0] if what.startswith(("ver_", ID_PREFIX)) else None


def _lasting(states: Mapping[str, GatewayState], known: Sequence[Step]) -> list[Step]:
    """The outages that last, and that an older version began without writing a step of it."""
    last = {(step.gateway, step.sim): step.kind for step in known}
    opened = [_opened(*breaker) for breaker in _breakers(states)]
    return [
        step
        for step in opened
        if step is not None and last.get((step.gateway, step.sim)) is not StepKind.BREAKER_OPENED
    ]


def _breakers(states: Mapping[str, GatewayState]) -> Iterator[tuple[str, str | None, BreakerState]]:
    for name, state in states.items():
        yield name, None, state
        yield from ((name, sim, each) for sim, each in state.sims.items())


def _opened(gateway: str, sim: str | None, state: BreakerState) -> Step | None:
    """The step that tells of an open breaker's outage."""
    if not state.is_open or state.failing_since is None:
        return None
    return Step(state.failing_since, StepKind.BREAKER_OPENED, gateway=gateway, sim=sim, detail=state.reason)
