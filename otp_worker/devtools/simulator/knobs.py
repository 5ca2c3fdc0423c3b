"""What can be made to go wrong, and for how long or for how many requests."""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from threading import Lock

from .exchange import Issue, ValidationError
from .kinds import ADDRESS, FLAG, PERCENT, SECONDS, STATUS, WHOLE_SECONDS, WORDS, Kind, is_whole
from .messages import digits, instant

KINDS: Mapping[str, Kind] = {
    "offline": FLAG,
    "suspended": FLAG,
    "refuse": WORDS,
    "throttle": FLAG,
    "error_status": STATUS,
    "redirect": ADDRESS,
    "slow_seconds": SECONDS,
    "lose_reply": FLAG,
    "hang": FLAG,
    "drip": FLAG,
    "malformed": FLAG,
    "oversized": FLAG,
    "dedupe": FLAG,
    "send_delay_seconds": SECONDS,
    "retry_after_seconds": WHOLE_SECONDS,
    "drip_seconds": SECONDS,
    "receipts": WORDS,
    "receipt_delay_seconds": SECONDS,
    "silent": FLAG,
    "battery_percent": PERCENT,
}
LASTING = frozenset({"dedupe", "silent", "battery_percent"})
"""What is true of the phone and not of a send: these cannot be limited to the next sends, only in time."""
ANY_NUMBER = "*"


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


@dataclass
class Knobs:
    """How the simulated phone behaves. Assign a knob for good, or `set` it, perhaps for a few sends only.

    Nothing is taken while one of these is on:
    `offline` 503 no_active_device_for_tenant; `suspended` 403 tenant_inactive; `refuse` numbers answered 400
    (`*` is any number); `throttle` 429 with `retry_after_seconds` (a guess); `error_status` that 5xx;
    `redirect` 302 to that URL.

    With these the message is taken, and then:
    `slow_seconds` the answer waits (errors wait too); `lose_reply` the socket closes unanswered; `hang` no
    answer comes until the client or the simulator goes; `drip` a byte every `drip_seconds`; `malformed` a 202
    nobody can read; `oversized` a 202 of 64 MiB.

    `dedupe` takes a ref only once and repeats the first answer (a guess, off); `send_delay_seconds` is how
    long the phone takes to send; `receipts` are the statuses it calls back with (guesses), and
    `receipt_delay_seconds` is how long after sending.

    A `silent` phone is not heard of: what the gateway takes rests there, unsent, until it is back.
    `battery_percent` is told where the vendor tells it.
    """

    offline: bool = False
    suspended: bool = False
    refuse: tuple[str, ...] = ()
    throttle: bool = False
    error_status: int | None = None
    redirect: str | None = None
    slow_seconds: float = 0.0
    lose_reply: bool = False
    hang: bool = False
    drip: bool = False
    malformed: bool = False
    oversized: bool = False
    dedupe: bool = False
    send_delay_seconds: float = 0.0
    retry_after_seconds: int = 1
    drip_seconds: float = 1.0
    receipts: tuple[str, ...] = ("sent", "delivered")
    receipt_delay_seconds: float = 0.0
    silent: bool = False
    battery_percent: int = 80
    clock: Callable[[], datetime] = field(default=utc_now, repr=False, compare=False)
    _left: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    _until: dict[str, datetime] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def set(self, /, *, next: object = None, for_seconds: object = None, **changes: object) -> None:
        """Change some knobs, all or none.

        With `next` they fall back to their defaults after so many sends, with `for_seconds` after that time.
        Raises ValidationError, naming each knob that does not exist, has a wrong value, or cannot be limited.
        """
        checked = _checked(changes)
        _check_limits(next, for_seconds, changes)
        with self._lock:
            for name, value in checked.items():
                self._put(name, value)
                if isinstance(next, int):
                    self._left[name] = next
                elif isinstance(for_seconds, int | float):
                    self._until[name] = self.clock() + timedelta(seconds=for_seconds)

    def reset(self) -> None:
        """Put every knob back to its default."""
        self.set(**DEFAULTS)

    def for_request(self) -> "Knobs":
        """The knobs as they stand for one send, which uses up one of a limited knob's requests."""
        with self._lock:
            self._expire()
            standing = copy.copy(self)
            for name in list(self._left):
                self._left[name] -= 1
                if self._left[name] == 0:
                    self._put(name, DEFAULTS[name])
        return standing

    @property
    def now(self) -> "Knobs":
        """The knobs as they stand at this instant; looking at them uses nothing up."""
        with self._lock:
            self._expire()
            return copy.copy(self)

    @property
    def unseen(self) -> bool:
        """Whether the gateway hears nothing of its phone."""
        return self.offline or self.silent

    def refuses(self, number: str) -> bool:
        """Whether messages to a number, in any spelling, are refused."""
        return any(word == ANY_NUMBER or digits(word) == digits(number) for word in self.refuse)

    def ends_at(self, *names: str) -> datetime | None:
        """When the last of these knobs falls back by itself; None where one does not, or none is limited."""
        with self._lock:
            ends = [self._until.get(name) for name in names if getattr(self, name) != DEFAULTS[name]]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None

    def left(self, *names: str) -> int | None:
        """How many sends the one of these knobs that lasts longest has left; None where none is counted."""
        with self._lock:
            return max((self._left[name] for name in names if name in self._left), default=None)

    def as_dict(self) -> dict[str, object]:
        """Every knob; under `next` the requests that limited ones have left, under `until` when they end."""
        with self._lock:
            self._expire()
            limits = {
                "next": dict(self._left),
                "until": {name: instant(end) for name, end in self._until.items()},
            }
            return {name: getattr(self, name) for name in KINDS} | limits

    def _put(self, name: str, value: object) -> None:
        setattr(self, name, value)
        self._left.pop(name, None)
        self._until.pop(name, None)

    def _expire(self) -> None:
        now = self.clock()
        for name in [name for name, end in self._until.items() if end <= now]:
            self._put(name, DEFAULTS[name])


DEFAULTS: Mapping[str, object] = {knob.name: knob.default for knob in fields(Knobs) if knob.name in KINDS}


def read_words(words: Iterable[str]) -> dict[str, object]:
    """Knobs written as `name=value`, lists with commas; raises ValidationError naming what cannot be read."""
    changes: dict[str, object] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name in ("next", "for_seconds"):
            changes[name] = int(value) if value.isdecimal() else value
        elif name in KINDS:
            try:
                changes[name] = KINDS[name].read(value)
            except (ValueError, KeyError):
                raise ValidationError(Issue(name, f"must be {KINDS[name].says}")) from None
        else:
            raise ValidationError(Issue(name, "is not a knob"))
    return changes


def _checked(changes: Mapping[str, object]) -> dict[str, object]:
    checked: dict[str, object] = {}
    issues: list[Issue] = []
    for name, value in changes.items():
        if name not in KINDS:
            issues.append(Issue(name, "is not a knob"))
            continue
        kind = KINDS[name]
        if kind.accepts(value):
            checked[name] = kind.keep(value)
        else:
            issues.append(Issue(name, f"must be {kind.says}"))
    if issues:
        raise ValidationError(*issues)
    return checked


def _check_limits(limit: object, seconds: object, changes: Iterable[str]) -> None:
    if limit is not None and seconds is not None:
        raise ValidationError(Issue("next", "cannot be given together with for_seconds"))
    if seconds is not None and not (SECONDS.accepts(seconds) and seconds):
        raise ValidationError(Issue("for_seconds", "must be a number of seconds above 0, and 3600 at most"))
    if limit is None:
        return
    if not is_whole(limit, 1, 1_000_000):
        raise ValidationError(Issue("next", "must be a whole number of requests from 1 to 1000000"))
    lasting = sorted(LASTING.intersection(changes))
    if lasting:
        raise ValidationError(*(Issue(name, "cannot be limited to the next requests") for name in lasting))
