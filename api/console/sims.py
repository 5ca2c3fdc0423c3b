"""The SIMs: how each stands, what it sent, what its budgets leave, and how canaries fare."""

from dataclasses import dataclass
from datetime import datetime

import falcon

from api.console.acts import Acts
from api.console.confirmations import confirm, done
from api.console.pages import Pages
from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.ports import Clock
from otp_worker.domain.sim import Sim
from otp_worker.operations.health import Health, Vitals
from otp_worker.protection.circuit_breaker import open_breakers
from otp_worker.store import audit
from otp_worker.store.canaries import Way
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.phones import Phone
from otp_worker.store.sim_budgets import Usage, waiting_by_reason

NEARLY = 0.9
"""A budget of which so much is used is soon used up."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget and what is used of it."""

    name: str
    used: int
    of: int

    @property
    def share(self) -> float:
        """The part that is used, 1 at most."""
        return min(self.used / self.of, 1.0)

    @property
    def tone(self) -> str:
        """How it is coloured."""
        return "bad" if self.used >= self.of else "look" if self.share >= NEARLY else "good"


@dataclass(frozen=True, slots=True)
class SimCard:
    """One SIM as a page shows it: its state in words first, ``tone`` is the colour."""

    sim: Sim
    tone: str
    state: str
    since: datetime | None
    why: str | None
    sent_today: int
    last_sent_at: datetime | None
    last_seen_at: datetime | None
    battery_percent: float | None
    budgets: tuple[Budget, ...]
    canaries: tuple[Way, ...]

    @property
    def can_be_tried(self) -> bool:
        """Whether it is away, and asking it to be tried at once makes sense."""
        return self.since is not None


def sim_cards(vitals: Vitals, now: datetime) -> list[SimCard]:
    """Every SIM, in the operator's order."""
    states = {state.name: state for state in vitals.gateways}
    phones = {phone.gateway: phone for phone in vitals.phones}
    return [
        _card(each, states[each.sim.gateway], phones[each.sim.gateway], vitals.canaries, now)
        for each in vitals.sims
    ]


def _card(each: Usage, state: GatewayState, phone: Phone, canaries: list[Way], now: datetime) -> SimCard:
    sim = each.sim
    tone, words, since, why = _state(each, state, phone, now)
    budgets = (
        Budget("today", each.sent_today, sim.per_day),
        Budget("numbers this month", each.recipients_this_month, sim.recipients_per_month),
    )
    return SimCard(
        sim=sim,
        tone=tone,
        state=words,
        since=since,
        why=why,
        sent_today=each.sent_today,
        last_sent_at=each.last_sent_at,
        last_seen_at=phone.last_seen_at,
        battery_percent=phone.battery_percent,
        budgets=tuple(budget for budget in budgets if budget.of),
        canaries=tuple(way for way in canaries if way.from_sim == sim.name),
    )


def _state(
    each: Usage, state: GatewayState, phone: Phone, now: datetime
) -> tuple[str, str, datetime | None, str | None]:
    """The colour, the words, since when and why."""
    sim = each.sim
    if state.misconfigured_since is not None:
        return "bad", "its gateway refuses our account", state.misconfigured_since, state.reason
    for breaker in open_breakers(state, sim.name):
        away = breaker is state
        words = "away" if away else "was asked to wait"
        return "bad" if away else "look", words, breaker.failing_since, breaker.reason
    if not sim.works_at(now):
        return "plain", f"works {sim.hours}", None, None
    if sim.per_day and each.sent_today >= sim.per_day:
        return "bad", "has used up its budget of today", None, None
    if sim.recipients_per_month and each.recipients_this_month >= sim.recipients_per_month:
        return "look", "writes to no new number this month", None, None
    if phone.silent:
        return "bad", "silent", None, "its phone gives no sign of life"
    return "good", "up", None, None


class SimsPage:
    """Every SIM, and having one that is away tried at once."""

    def __init__(self, pages: Pages, health: Health, acts: Acts, clock: Clock) -> None:
        self._pages = pages
        self._health = health
        self._acts = acts
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A card for each."""
        now = self._clock()
        self._pages.show(
            req,
            resp,
            "sims.html",
            cards=sim_cards(self._health.vitals(now), now),
            waiting=waiting_by_reason(self._health.db),
            said=audit.of_login(self._health.db, req.get_param("done"), req.context.session.login),
        )

    on_head = on_get

    def on_get_retry(self, req: falcon.Request, resp: falcon.Response, gateway: str) -> None:
        """Ask before it is done."""
        name = self._known(gateway)
        confirm(
            self._pages,
            req,
            resp,
            question=f"Try {name} at once?",
            effect="The next message that waits for it is handed to it, whatever its pauses say.",
            yes="Try it",
            back="/sims",
        )

    on_head_retry = on_get_retry

    def on_post_retry(self, req: falcon.Request, resp: falcon.Response, gateway: str) -> None:
        """Have it tried with the next message."""
        name = self._known(gateway)

        def act() -> str:
            self._health.breaker.show_life(name, self._clock())
            return f"The next message that waits for {name} is tried at once."

        done(resp, "/sims", self._acts.perform(req.context.session.login, "try at once", name, act))

    def _known(self, gateway: str) -> str:
        if gateway not in self._health.sims.gateways:
            raise NotFoundError("there is no such gateway")
        return gateway
