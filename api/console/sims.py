"""The SIMs: how each stands, what it sent, what its budgets leave, and how canaries fare."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import falcon

from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.overview import Budget, SimCondition, SimView
from otp_worker.domain.ports import Clock
from otp_worker.operations.health import Health
from otp_worker.operations.sim_views import sim_views
from otp_worker.store import audit
from otp_worker.store.overview import canary_results
from otp_worker.store.sim_budgets import waiting_by_reason

from .acts import Acts
from .confirmations import confirm, done
from .pages import Pages

NEARLY = 0.9
"""A budget of which so much is used is soon used up."""
_CONDITIONS = {
    SimCondition.WORKING: ("good", "works"),
    SimCondition.SILENT: ("look", "silent"),
    SimCondition.WAITING: ("look", "was asked to wait"),
    SimCondition.AWAY: ("bad", "away"),
    SimCondition.REFUSED: ("bad", "its gateway refuses our account"),
}


@dataclass(frozen=True, slots=True)
class BudgetBar:
    """A budget as a bar."""

    name: str
    budget: Budget

    @property
    def tone(self) -> str:
        """How it is coloured."""
        if self.budget.is_used_up:
            return "bad"
        return "look" if self.budget.share >= NEARLY else "good"


@dataclass(frozen=True, slots=True)
class SimCard:
    """One SIM as a page shows it: its state in words first, ``tone`` is the colour."""

    view: SimView
    tone: str
    state: str
    budgets: tuple[BudgetBar, ...]

    @property
    def can_be_tried(self) -> bool:
        """Whether it is away, and asking it to be tried at once makes sense."""
        return self.view.condition in (SimCondition.AWAY, SimCondition.WAITING, SimCondition.REFUSED)


def sim_cards(views: Sequence[SimView], now: datetime) -> list[SimCard]:
    """Every SIM, in the operator's order."""
    return [SimCard(view, *_state(view, now), _budgets(view)) for view in views]


def _budgets(view: SimView) -> tuple[BudgetBar, ...]:
    named = (("SMS today", view.day), ("numbers this month", view.month))
    return tuple(BudgetBar(name, budget) for name, budget in named if budget.limit)


def _state(view: SimView, now: datetime) -> tuple[str, str]:
    """The colour and the words."""
    if view.condition is not SimCondition.WORKING:
        return _CONDITIONS[view.condition]
    if not view.sim.works_at(now):
        return "plain", f"works {view.sim.hours}"
    if view.day.is_used_up:
        return "bad", "used up for today"
    if view.month.is_used_up:
        return "look", "no new numbers this month"
    if view.last_seen_at is None:
        return "plain", "not used yet"
    return _CONDITIONS[view.condition]


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
            cards=sim_cards(sim_views(self._health.vitals(now), canary_results(self._health.db, now)), now),
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
            question=f"Try gateway {name} at once?",
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
