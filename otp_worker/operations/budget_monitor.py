"""Looking after the SIMs' budgets: one that is nearly used up is reported, before codes wait for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog

from otp_worker.domain.ports import Outbox
from otp_worker.domain.sim import Sims
from otp_worker.protection.isolation import isolated
from otp_worker.store import alerts
from otp_worker.store.alerts import BUDGET_LOW
from otp_worker.store.database import Database
from otp_worker.store.sim_budgets import Usage, usage

log = structlog.get_logger()

NEARLY_USED = 0.9


@dataclass(frozen=True, slots=True)
class BudgetMonitor:
    """The sweep with all it needs; ``outbox`` takes what tells of a change, as soon as it is seen."""

    db: Database
    sims: Sims
    outbox: Outbox

    def check(self, now: datetime) -> int:
        """Look at every budget; how many reports that made. What was reported is not reported again."""
        bounded = [sim for sim in self.sims.all if sim.per_day or sim.recipients_per_month]
        reports = 0
        for each in usage(self.db, bounded, now):
            with isolated("budget", sim=each.sim.name):
                reports += sum(self._report(each, *budget, now) for budget in _budgets(each))
        return reports

    def _report(self, each: Usage, name: str, used: int, of: int, now: datetime) -> bool:
        sim = each.sim.name
        data = {"sim": sim, "budget": name, "used": used, "of": of}
        low = used >= NEARLY_USED * of
        subject = f"{sim} {name}"
        told = alerts.note(self.db, BUDGET_LOW, subject, data, self.outbox.channels, now, lasts=low)
        if told is None:
            return False
        log.warning("sim_budget_low" if low else "sim_budget_back", **data)
        self.outbox.send(told)
        return True


def _budgets(each: Usage) -> Iterator[tuple[str, int, int]]:
    """The name of each budget that a SIM has, what is used of it, and how much it is."""
    if each.sim.per_day:
        yield "day", each.sent_today, each.sim.per_day
    if each.sim.recipients_per_month:
        yield "month", each.recipients_this_month, each.sim.recipients_per_month
