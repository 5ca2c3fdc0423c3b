"""What can be made to go wrong, and for how many requests."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from threading import Lock

from .exchange import Issue, ValidationError
from .kinds import ADDRESS, FLAG, SECONDS, STATUS, WHOLE_SECONDS, WORDS, Kind, is_whole

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
}
LASTING = frozenset({"dedupe", "send_delay_seconds", "retry_after_seconds", "drip_seconds", "receipts"})


@dataclass
class Knobs:
    """How the simulated phone behaves. Assign a knob for good, or `set` it, perhaps for a few sends only.

    Nothing is taken while one of these is on:
    `offline` 503 no_active_device_for_tenant; `suspended` 403 tenant_inactive; `refuse` numbers answered 400;
    `throttle` 429 with `retry_after_seconds` (a guess); `error_status` that 5xx; `redirect` 302 to that URL.

    With these the message is taken, and then:
    `slow_seconds` the answer waits (errors wait too); `lose_reply` the socket closes unanswered; `hang` no
    answer comes until the client or the simulator goes; `drip` a byte every `drip_seconds`; `malformed` a 202
    nobody can read; `oversized` a 202 of 64 MiB.

    `dedupe` takes a ref only once and repeats the first answer (a guess, off); `send_delay_seconds` is how
    long the phone takes to send; `receipts` are the statuses it calls back with (guesses).
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
    _left: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def set(self, /, *, next: object = None, **changes: object) -> None:
        """Change some knobs, all or none; with `next` they fall back to their defaults after so many sends.

        Raises ValidationError, naming each knob that does not exist, has a wrong value, or cannot be limited.
        """
        checked = _checked(changes)
        _check_limit(next, changes)
        with self._lock:
            for name, value in checked.items():
                setattr(self, name, value)
                self._left.pop(name, None)
                if isinstance(next, int):
                    self._left[name] = next

    def reset(self) -> None:
        """Put every knob back to its default."""
        self.set(**DEFAULTS)

    def for_request(self) -> "Knobs":
        """The knobs as they stand for one send, which uses up one of a limited knob's requests."""
        with self._lock:
            standing = copy.copy(self)
            for name in list(self._left):
                self._left[name] -= 1
                if self._left[name] == 0:
                    del self._left[name]
                    setattr(self, name, DEFAULTS[name])
        return standing

    def as_dict(self) -> dict[str, object]:
        """Every knob, and under `next` how many requests the limited ones have left."""
        with self._lock:
            return {name: getattr(self, name) for name in KINDS} | {"next": dict(self._left)}


DEFAULTS: Mapping[str, object] = {knob.name: knob.default for knob in fields(Knobs) if knob.name in KINDS}


def read_words(words: Iterable[str]) -> dict[str, object]:
    """Knobs written as `name=value`, lists with commas; raises ValidationError naming what cannot be read."""
    changes: dict[str, object] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name == "next":
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


def _check_limit(limit: object, changes: Iterable[str]) -> None:
    if limit is None:
        return
    if not is_whole(limit, 1, 1_000_000):
        raise ValidationError(Issue("next", "must be a whole number of requests from 1 to 1000000"))
    lasting = sorted(LASTING.intersection(changes))
    if lasting:
        raise ValidationError(*(Issue(name, "cannot be limited to the next requests") for name in lasting))
