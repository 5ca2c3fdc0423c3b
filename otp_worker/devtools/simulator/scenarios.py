"""Faults by name: what each turns, for how long, and which of them stands at present."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from .exchange import Issue, ValidationError
from .knobs import DEFAULTS, LASTING, Knobs
from .messages import instant

UNTIL_CLEARED = "until_cleared"


@dataclass(frozen=True)
class Scenario:
    """A fault as one turns it on with one click; `seconds` or `next` is how long it lasts unless one says."""

    name: str
    group: str
    title: str
    detail: str
    knobs: Mapping[str, object]
    seconds: float | None = None
    next: int | None = None

    @property
    def lasts(self) -> bool:
        """Whether it is a state of the phone, which no number of sends can limit."""
        return bool(LASTING.intersection(self.knobs))

    def as_dict(self) -> dict[str, object]:
        """All of it, for people and programs."""
        return {
            "name": self.name,
            "group": self.group,
            "title": self.title,
            "detail": self.detail,
            "knobs": dict(self.knobs),
            "seconds": self.seconds,
            "next": self.next,
            "limits": ["seconds", UNTIL_CLEARED] if self.lasts else ["seconds", "next", UNTIL_CLEARED],
        }


_PHONE, _ANSWER, _REFUSAL, _RECEIPT = "The phone", "The answer", "The refusal", "The receipt"
_ALL = (
    Scenario("offline", _PHONE, "Offline", "the gateway says that no phone is online", {"offline": True}, 30),
    Scenario("silent", _PHONE, "Silent", "all is taken, and nothing leaves the phone", {"silent": True}, 90),
    Scenario("battery", _PHONE, "Battery 10 %", "where the gateway tells it", {"battery_percent": 10}, 120),
    Scenario(
        "late_sms", _PHONE, "Late SMS", "leaves the phone after 20 s", {"send_delay_seconds": 20}, next=1
    ),
    Scenario("slow", _ANSWER, "Slow", "each answer waits two seconds", {"slow_seconds": 2}, 30),
    Scenario(
        "lose_answer",
        _ANSWER,
        "Lost answer",
        "the SMS is taken, then it hangs up",
        {"lose_reply": True},
        next=1,
    ),
    Scenario("hang", _ANSWER, "Hang", "the SMS is taken, and no answer comes", {"hang": True}, next=1),
    Scenario("drip", _ANSWER, "Drip", "one byte a second", {"drip": True, "drip_seconds": 1}, next=1),
    Scenario(
        "malformed", _ANSWER, "Malformed", "an answer that nobody can read", {"malformed": True}, next=1
    ),
    Scenario("oversized", _ANSWER, "Oversized", "an answer of 64 MiB", {"oversized": True}, next=1),
    Scenario("refuse", _REFUSAL, "Refuse", "the number is not taken", {"refuse": ["*"]}, next=1),
    Scenario(
        "throttle", _REFUSAL, "Throttle", "again in 5 s", {"throttle": True, "retry_after_seconds": 5}, next=1
    ),
    Scenario("server_error", _REFUSAL, "Server error", "a bare 500", {"error_status": 500}, next=2),
    Scenario("suspended", _REFUSAL, "Suspended", "the account is not taken", {"suspended": True}, 30),
    Scenario(
        "undelivered", _RECEIPT, "Undelivered", "sent, then failed", {"receipts": ["sent", "failed"]}, next=1
    ),
    Scenario("late_receipt", _RECEIPT, "Late receipt", "after 30 s", {"receipt_delay_seconds": 30}, next=1),
)
SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _ALL}


@dataclass(frozen=True)
class _Running:
    scenario: Scenario
    knobs: Mapping[str, object]
    since: datetime


@dataclass
class Scenarios:
    """One scenario at a time, over the phone's knobs; knobs that were turned by hand stay as they are."""

    knobs: Knobs
    _running: _Running | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def start(self, asked: Mapping[str, object]) -> None:
        """Begin `name` in place of the present one, for `seconds`, for the `next` sends or `until_cleared`.

        Without any of them it lasts as long as it usually does. `knobs` sets its knobs otherwise, such as
        `{"retry_after_seconds": 9}`. Raises ValidationError, and then nothing has changed.
        """
        scenario = _scenario(asked)
        knobs = {**scenario.knobs, **_overrides(asked, scenario)}
        limits = _limits(asked, scenario)
        with self._lock:
            self.knobs.set(**limits, **knobs)
            present = self._running
            if present is not None:
                over = {name: DEFAULTS[name] for name in present.knobs if name not in knobs}
                self.knobs.set(**over)
            self._running = _Running(scenario, _as_kept(self.knobs, knobs), self.knobs.clock())

    def clear(self) -> None:
        """Put everything right: no scenario, and every knob at its default."""
        with self._lock:
            self._running = None
            self.knobs.reset()

    def as_dict(self) -> dict[str, object]:
        """The present scenario with its limit, null where there is none, and the knobs turned by hand."""
        with self._lock:
            knobs = self.knobs.as_dict()
            running = self._present(knobs)
            ours = running.knobs if running else {}
            by_hand = {name: knobs[name] for name in DEFAULTS if name not in ours and _is_turned(name, knobs)}
        return {"scenario": _show(running, self.knobs) if running else None, "by_hand": by_hand}

    def _present(self, knobs: Mapping[str, object]) -> _Running | None:
        """The scenario, unless every knob of it has fallen back or been turned since."""
        running = self._running
        if running is not None and not any(
            knobs[name] == value and _is_turned(name, knobs) for name, value in running.knobs.items()
        ):
            self._running = None
        return self._running


def _show(running: _Running, knobs: Knobs) -> dict[str, object]:
    until = knobs.ends_at(*running.knobs)
    return {
        "name": running.scenario.name,
        "title": running.scenario.title,
        "detail": running.scenario.detail,
        "knobs": dict(running.knobs),
        "since": instant(running.since),
        "until": None if until is None else instant(until),
        "next": knobs.left(*running.knobs),
    }


def _is_turned(name: str, knobs: Mapping[str, object]) -> bool:
    return knobs[name] != DEFAULTS[name]


def _as_kept(knobs: Knobs, names: Mapping[str, object]) -> dict[str, object]:
    """The values as the knobs keep them: a list becomes a tuple there."""
    kept = knobs.as_dict()
    return {name: kept[name] for name in names}


def _scenario(asked: Mapping[str, object]) -> Scenario:
    unknown = sorted(asked.keys() - {"name", "seconds", "next", UNTIL_CLEARED, "knobs"})
    if unknown:
        raise ValidationError(*(Issue(name, "is not known here") for name in unknown))
    name = asked.get("name")
    if not isinstance(name, str) or name not in SCENARIOS:
        raise ValidationError(Issue("name", f"must be one of {', '.join(SCENARIOS)}"))
    return SCENARIOS[name]


def _overrides(asked: Mapping[str, object], scenario: Scenario) -> Mapping[str, object]:
    knobs = asked.get("knobs", {})
    if not isinstance(knobs, dict):
        raise ValidationError(Issue("knobs", "must be an object"))
    foreign = sorted(knobs.keys() - scenario.knobs.keys())
    if foreign:
        raise ValidationError(*(Issue(name, f"is no knob of {scenario.name}") for name in foreign))
    return knobs


def _limits(asked: Mapping[str, object], scenario: Scenario) -> dict[str, object]:
    """How long it lasts, in the knobs' words."""
    given = [name for name in ("seconds", "next", UNTIL_CLEARED) if asked.get(name) is not None]
    if len(given) > 1:
        raise ValidationError(*(Issue(name, "is one limit too many") for name in given[1:]))
    if not given:
        return {"next": scenario.next, "for_seconds": scenario.seconds}
    if given == [UNTIL_CLEARED]:
        if asked[UNTIL_CLEARED] is not True:
            raise ValidationError(Issue(UNTIL_CLEARED, "must be true"))
        return {}
    return {"next": asked.get("next"), "for_seconds": asked.get("seconds")}
