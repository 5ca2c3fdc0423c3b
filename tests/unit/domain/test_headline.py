"""The one sentence that says how the service is, row by row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from otp_worker.domain.headline import Situation, headline
from otp_worker.domain.overview import (
    Backlog,
    Budget,
    CanaryResult,
    Hop,
    HopTimes,
    PausedView,
    Severity,
    SimCondition,
    SimView,
    Window,
)
from otp_worker.domain.sim import Sim

NOW = datetime(2026, 5, 12, 22, 12, tzinfo=UTC)
SINCE = NOW.replace(minute=10)
WAITING = Backlog(waiting=5, first_deadline=NOW.replace(minute=15, second=40), failing_first=2)
ARRIVES = (
    HopTimes(Hop.ACCEPT_TO_GATEWAY, 90, 0.2, 0.4),
    HopTimes(Hop.ACCEPT_TO_RECEIPT, 80, 1.2, 2.1),
)


def sim(name: str = "gb1", condition: SimCondition = SimCondition.WORKING, **other: Any) -> SimView:
    """A SIM of a gateway of its own name; any but a working one is so since ten past ten."""
    since = None if condition is SimCondition.WORKING else SINCE
    view = SimView(
        Sim(name, f"{name}.phone"), condition, since, None, None, None, Budget(0, 0), Budget(0, 0), ()
    )
    return replace(view, **other)


AWAY = sim(condition=SimCondition.AWAY)
USED_UP = sim(day=Budget(200, 200))
PAKISTAN = PausedView("PK", "country", "PK", "shop", None, NOW + timedelta(minutes=58))


@pytest.mark.parametrize(
    ("facts", "severity", "sentence"),
    [
        ({}, Severity.OK, "All is ready: no code was asked for yet."),
        (
            {"ever_accepted": 7},
            Severity.OK,
            "All is ready: no code was asked for in the last 15 min.",
        ),
        (
            {"ever_accepted": 7, "accepted": 1},
            Severity.OK,
            "1 code accepted in the last 15 min, none handed over yet.",
        ),
        (
            {"ever_accepted": 90, "accepted": 90, "hops": ARRIVES},
            Severity.OK,
            "Codes arrive: 95 % within 2.1 s from request to phone in the last 15 min.",
        ),
        (
            {"ever_accepted": 90, "accepted": 90, "hops": ARRIVES[:1], "window": Window.MONTH},
            Severity.OK,
            "Codes go out: 95 % within 0.4 s from request to gateway in the last 30 days.",
        ),
        (
            {"ever_accepted": 9, "hops": (HopTimes(Hop.ACCEPT_TO_RECEIPT, 9, 20.0, 95.0),)},
            Severity.LOOK,
            "Codes arrive slowly: 95 % within 95 s from request to phone in the last 15 min.",
        ),
        (
            {"ever_accepted": 90, "accepted": 40, "failed": 12, "hops": ARRIVES},
            Severity.LOOK,
            "12 of 40 codes did not arrive in the last 15 min.",
        ),
        (
            {"ever_accepted": 90, "accepted": 400, "failed": 12, "hops": ARRIVES},
            Severity.OK,
            "Codes arrive: 95 % within 2.1 s from request to phone in the last 15 min.",
        ),
        (
            {"sims": (AWAY,), "backlog": WAITING, "hops": ARRIVES, "ever_accepted": 9},
            Severity.FIX,
            "SIM gb1 away since 22:10: 5 codes wait, 2 fail at 22:15 unless it returns.",
        ),
        (
            {"sims": (AWAY,), "backlog": Backlog(1, WAITING.first_deadline, 1)},
            Severity.FIX,
            "SIM gb1 away since 22:10: 1 code waits, 1 fails at 22:15 unless it returns.",
        ),
        ({"sims": (AWAY,)}, Severity.LOOK, "SIM gb1 away since 22:10: no code waits for it yet."),
        (
            {"sims": (AWAY, sim("gb2"))},
            Severity.LOOK,
            "SIM gb1 away since 22:10: the other SIMs send.",
        ),
        (
            {"sims": (AWAY, sim("gb2", SimCondition.WAITING)), "backlog": WAITING},
            Severity.FIX,
            "SIMs gb1 and gb2 away since 22:10: 5 codes wait, 2 fail at 22:15 unless one returns.",
        ),
        (
            {"sims": (sim(condition=SimCondition.AWAY, since=SINCE - timedelta(days=1)),)},
            Severity.LOOK,
            "SIM gb1 away since 22:10 on 11 May: no code waits for it yet.",
        ),
        (
            {"sims": (AWAY,), "zone": timezone(timedelta(hours=2))},
            Severity.LOOK,
            "SIM gb1 away since 00:10: no code waits for it yet.",
        ),
        (
            {"sims": (sim(condition=SimCondition.REFUSED),), "backlog": WAITING},
            Severity.FIX,
            "Gateway gb1.phone refuses our account since 22:10:"
            " 5 codes wait, 2 fail at 22:15 unless it is mended.",
        ),
        (
            {"sims": (USED_UP,), "backlog": WAITING},
            Severity.FIX,
            "SIM gb1 has used its 200 SMS of today: 5 codes wait, 2 fail at 22:15.",
        ),
        (
            {"sims": (USED_UP, sim("gb2"))},
            Severity.LOOK,
            "SIM gb1 has used its 200 SMS of today: the other SIMs send.",
        ),
        (
            {"sims": (sim(day=Budget(188, 200)),)},
            Severity.LOOK,
            "SIM gb1 has 12 of its 200 SMS of today left.",
        ),
        (
            {"sims": (sim(condition=SimCondition.SILENT),)},
            Severity.LOOK,
            "The phone of SIM gb1 is silent since 22:10: is it on and online?",
        ),
        (
            {"sims": (sim(battery_percent=9.0),)},
            Severity.LOOK,
            "The phone of SIM gb1 has 9 % of its battery left.",
        ),
        (
            {"sims": (sim(canaries=(CanaryResult("gb2", SINCE, None, 1),)),)},
            Severity.LOOK,
            "The last canary of SIM gb1 did not arrive.",
        ),
        ({"sims": (sim(canaries=(CanaryResult("gb2", SINCE, 3.0, 4),)),)}, Severity.OK, None),
        (
            {"worker_runs": False, "worker_age": 120.0, "sims": (AWAY,), "backlog": WAITING},
            Severity.FIX,
            "No worker has run since 22:10: codes are accepted and not sent.",
        ),
        (
            {"worker_runs": False, "worker_age": None},
            Severity.FIX,
            "No worker runs: codes are accepted and not sent.",
        ),
        (
            {"sweep_runs": False, "sweep_age": 120.0},
            Severity.FIX,
            "Beat or upkeep has not run since 22:10: codes that wait are not sent, and none expires.",
        ),
        (
            {"broker_answers": False},
            Severity.FIX,
            "The broker does not answer: codes are accepted and wait in the database.",
        ),
        (
            {"oldest_due_seconds": 45.0},
            Severity.FIX,
            "Codes wait for a worker: the oldest for 45 s. Start more workers.",
        ),
        (
            {"paused": (PAKISTAN,)},
            Severity.LOOK,
            "Sends to PK are paused until 23:10: they look like SMS pumping.",
        ),
        (
            {"failing_channels": ("webhook",)},
            Severity.LOOK,
            "The webhook takes nothing: replies and notices wait to be told.",
        ),
        (
            {"failing_channels": ("email",)},
            Severity.LOOK,
            "The mail server takes nothing: replies and notices wait to be told.",
        ),
        (
            {"failing_channels": ("webhook",), "sims": (AWAY,), "backlog": WAITING},
            Severity.FIX,
            "SIM gb1 away since 22:10: 5 codes wait, 2 fail at 22:15 unless it returns.",
        ),
    ],
)
def test_the_worst_state_is_the_sentence(
    facts: dict[str, Any], severity: Severity, sentence: str | None
) -> None:
    found = headline(Situation(NOW, **facts))
    assert found.severity is severity
    assert sentence is None or found.sentence == sentence


def test_another_country_s_sim_is_no_help() -> None:
    british = replace(AWAY, sim=Sim("gb1", "gb1.phone", countries=frozenset({"GB"})))
    polish = replace(sim("pl1"), sim=Sim("pl1", "pl1.phone", countries=frozenset({"PL"})))
    assert "other SIMs" not in headline(Situation(NOW, sims=(british, polish))).sentence
    both = replace(polish, sim=Sim("pl1", "pl1.phone", countries=frozenset({"PL", "GB"})))
    assert "other SIMs" in headline(Situation(NOW, sims=(british, both))).sentence
