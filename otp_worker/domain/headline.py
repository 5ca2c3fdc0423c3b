"""The one sentence that says how the service is: a pure rule over what is known, the worst state first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from otp_worker.domain.overview import (
    Backlog,
    Headline,
    Hop,
    HopTimes,
    PausedView,
    Severity,
    SimCondition,
    SimView,
    Window,
)

SLOW_SECONDS = 30.0
NEARLY_USED = 0.9
LOW_BATTERY_PERCENT = 15.0
MANY_FAILED, FAILED_SHARE = 5, 0.2
"""So many codes that did not arrive, and such a share of all, are worth a look."""
_URGENCY = (Severity.FIX, Severity.LOOK, Severity.OK)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the sentence is drawn from; an age is in seconds, and None where there was never any."""

    now: datetime
    window: Window = Window.QUARTER
    zone: tzinfo = UTC
    sweep_runs: bool = True
    sweep_age: float | None = 0.0
    worker_runs: bool = True
    worker_age: float | None = 0.0
    broker_answers: bool = True
    oldest_due_seconds: float = 0.0
    backlog: Backlog = field(default_factory=Backlog)
    sims: Sequence[SimView] = ()
    paused: Sequence[PausedView] = ()
    failing_channels: Sequence[str] = ()
    ever_accepted: int = 0
    accepted: int = 0
    failed: int = 0
    hops: Sequence[HopTimes] = ()


def headline(situation: Situation) -> Headline:
    """The sentence of the worst state; of two equally bad ones, of the one that explains the other."""
    found = [line for rule in _RULES for line in rule(situation)]
    return min(found, key=lambda line: _URGENCY.index(line.severity))


def _processes(s: Situation) -> Iterator[Headline]:
    if not s.worker_runs:
        runs = "runs" if s.worker_age is None else f"has run{_since(s, s.worker_age)}"
        yield Headline(Severity.FIX, f"No worker {runs}: codes are accepted and not sent.")
    if not s.sweep_runs:
        run = "does not run" if s.sweep_age is None else f"has not run{_since(s, s.sweep_age)}"
        yield Headline(
            Severity.FIX,
            f"Beat or upkeep {run}: codes that wait are not sent, and none expires.",
        )
    if not s.broker_answers:
        yield Headline(
            Severity.FIX, "The broker does not answer: codes are accepted and wait in the database."
        )


def _accounts(s: Situation) -> Iterator[Headline]:
    refused = _first_of_each_gateway(s, SimCondition.REFUSED)
    if refused:
        names = _names([view.sim.gateway for view in refused], "Gateway", "Gateways")
        verb = "refuses" if len(refused) == 1 else "refuse"
        yield Headline(
            Severity.FIX, f"{names} {verb} our account{_from(s, refused)}: {_at_risk(s, 'it is mended')}."
        )


def _sims(s: Situation) -> Iterator[Headline]:
    away = [view for view in s.sims if view.condition in (SimCondition.AWAY, SimCondition.WAITING)]
    if away:
        subject = f"{_names([view.sim.name for view in away], 'SIM', 'SIMs')} away{_from(s, away)}"
        returns = "it returns" if len(away) == 1 else "one returns"
        yield _risk(s, away, subject, returns)
    used_up = [view for view in s.sims if view.day.is_used_up]
    for view in used_up[:1]:
        subject = f"SIM {view.sim.name} has used its {view.day.limit} SMS of today"
        yield _risk(s, used_up, subject, None)


def _risk(s: Situation, out: Sequence[SimView], subject: str, returns: str | None) -> Headline:
    if s.backlog.waiting:
        return Headline(Severity.FIX, f"{subject}: {_at_risk(s, returns)}.")
    if _others_serve(s, out):
        return Headline(Severity.LOOK, f"{subject}: the other SIMs send.")
    return Headline(Severity.LOOK, f"{subject}: no code waits for it yet.")


def _pace(s: Situation) -> Iterator[Headline]:
    if s.oldest_due_seconds > SLOW_SECONDS:
        waits = _duration(s.oldest_due_seconds)
        yield Headline(Severity.FIX, f"Codes wait for a worker: the oldest for {waits}. Start more workers.")
    if s.failed >= MANY_FAILED and s.failed >= FAILED_SHARE * s.accepted:
        of = f" of {s.accepted}" if s.accepted >= s.failed else ""
        yield Headline(Severity.LOOK, f"{s.failed}{of} codes did not arrive in the last {s.window.words}.")


def _signs(s: Situation) -> Iterator[Headline]:
    for view in s.sims:
        name = view.sim.name
        if view.condition is SimCondition.SILENT:
            since = _from(s, [view])
            yield Headline(Severity.LOOK, f"The phone of SIM {name} is silent{since}: is it on and online?")
        if any(result.seconds is None for result in view.canaries):
            yield Headline(Severity.LOOK, f"The last canary of SIM {name} did not arrive.")
        if view.battery_percent is not None and view.battery_percent <= LOW_BATTERY_PERCENT:
            yield Headline(
                Severity.LOOK,
                f"The phone of SIM {name} has {view.battery_percent:.0f} % of its battery left.",
            )
        if NEARLY_USED <= view.day.share < 1:
            left = view.day.limit - view.day.used
            yield Headline(Severity.LOOK, f"SIM {name} has {left} of its {view.day.limit} SMS of today left.")


def _others(s: Situation) -> Iterator[Headline]:
    for view in s.paused[:1]:
        until = _clock(view.paused_until, s)
        yield Headline(
            Severity.LOOK, f"Sends to {view.label} are paused until {until}: they look like SMS pumping."
        )
    for name in s.failing_channels[:1]:
        channel = {"webhook": "webhook", "email": "mail server"}.get(name, name)
        yield Headline(Severity.LOOK, f"The {channel} takes nothing: replies and notices wait to be told.")


def _fine(s: Situation) -> Iterator[Headline]:
    times = {each.hop: each for each in s.hops if each.p95_seconds is not None}
    arrive, leave = times.get(Hop.ACCEPT_TO_RECEIPT), times.get(Hop.ACCEPT_TO_GATEWAY)
    words = s.window.words
    if not s.ever_accepted:
        yield Headline(Severity.OK, "All is ready: no code was asked for yet.")
    elif arrive is not None:
        yield _timely("Codes arrive", "from request to phone", arrive, words)
    elif leave is not None:
        yield _timely("Codes go out", "from request to gateway", leave, words)
    elif s.accepted:
        yield Headline(
            Severity.OK, f"{_codes(s.accepted)} accepted in the last {words}, none handed over yet."
        )
    else:
        yield Headline(Severity.OK, f"All is ready: no code was asked for in the last {words}.")


_RULES = (_processes, _accounts, _sims, _pace, _signs, _others, _fine)


def _timely(what: str, way: str, times: HopTimes, words: str) -> Headline:
    seconds = times.p95_seconds or 0.0
    slow = seconds > SLOW_SECONDS
    return Headline(
        Severity.LOOK if slow else Severity.OK,
        f"{what}{' slowly' if slow else ''}: 95 % within {_duration(seconds)} {way} in the last {words}.",
    )


def _at_risk(s: Situation, returns: str | None) -> str:
    backlog = s.backlog
    if not backlog.waiting or backlog.first_deadline is None:
        return "no code waits yet"
    waits = f"{_codes(backlog.waiting)} wait{'s' if backlog.waiting == 1 else ''}"
    fail = f"{backlog.failing_first} fail{'s' if backlog.failing_first == 1 else ''}"
    unless = f" unless {returns}" if returns else ""
    return f"{waits}, {fail} at {_clock(backlog.first_deadline, s)}{unless}"


def _others_serve(s: Situation, out: Sequence[SimView]) -> bool:
    sending = [view.sim for view in s.sims if view.can_send and view not in out]
    served = frozenset[str]().union(*(sim.countries or () for sim in sending))
    return any(sim.countries is None for sim in sending) or all(
        view.sim.countries is not None and view.sim.countries <= served for view in out
    )


def _first_of_each_gateway(s: Situation, condition: SimCondition) -> list[SimView]:
    found = {view.sim.gateway: view for view in reversed(s.sims) if view.condition is condition}
    return [found[name] for name in sorted(found)]


def _from(s: Situation, views: Sequence[SimView]) -> str:
    since = min((view.since for view in views if view.since is not None), default=None)
    return f" since {_clock(since, s)}" if since is not None else ""


def _since(s: Situation, age: float | None) -> str:
    return f" since {_clock(s.now - timedelta(seconds=abs(age)), s)}" if age is not None else ""


def _names(names: Sequence[str], one: str, several: str) -> str:
    if len(names) == 1:
        return f"{one} {names[0]}"
    return f"{several} {', '.join(names[:-1])} and {names[-1]}"


def _codes(number: int) -> str:
    return f"{number} code" if number == 1 else f"{number} codes"


def _clock(at: datetime, s: Situation) -> str:
    local, today = at.astimezone(s.zone), s.now.astimezone(s.zone)
    same_day = local.date() == today.date()
    return f"{local:%H:%M}" if same_day else f"{local:%H:%M} on {local.day} {local:%B}"


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
