"""The one who inflicts the faults of a plan and heals them again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from otp_worker.devtools.chaos.history import NEMESIS, History
from otp_worker.devtools.chaos.plan import BROKER, DATABASE, GATEWAY, Fault, Kind
from otp_worker.devtools.chaos.proxy import Mode, Proxy
from otp_worker.devtools.chaos.supervisor import Supervisor
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.devtools.processes.process import Process
from otp_worker.devtools.processes.stack import Stack
from otp_worker.devtools.simulator.knobs import DEFAULTS

_LINKS = {Kind.REFUSE: Mode.REFUSE, Kind.BLACKHOLE: Mode.BLACKHOLE, Kind.SLOW_LINK: Mode.SLOW}
_KNOBS: dict[Kind, dict[str, object]] = {
    Kind.OFFLINE: {"offline": True},
    Kind.SLOW: {"slow_seconds": 0.7},
    Kind.ERROR: {"error_status": 500},
    Kind.HANG: {"hang": True},
    Kind.LOSE_REPLY: {"lose_reply": True},
    Kind.DRIP: {"drip": True, "drip_seconds": 0.3},
}


@dataclass(frozen=True, slots=True)
class Span:
    """When a fault began and when it was healed."""

    fault: Fault
    begun_at: datetime
    healed_at: datetime


@dataclass
class Nemesis:
    """Follows a plan; ``spans`` is what was done so far. Call ``act`` often."""

    stack: Stack
    proxy: Proxy
    supervisor: Supervisor
    history: History
    postgres: EmbeddedPostgres | None
    say: Callable[[Fault], None]
    spans: list[Span] = field(default_factory=list)
    _to_come: list[Fault] = field(default_factory=list)
    _suffered: list[tuple[float, Fault, datetime]] = field(default_factory=list)
    _frozen: dict[Fault, Process] = field(default_factory=dict)
    _began: float = 0.0

    def begin(self, plan: list[Fault]) -> None:
        """Count the plan's time from now on."""
        self._to_come = sorted(plan, key=lambda fault: fault.at_seconds)
        self._began = time.monotonic()

    @property
    def done(self) -> bool:
        """Whether every fault was inflicted and healed."""
        return not self._to_come and not self._suffered and self.supervisor.all_run

    def act(self) -> None:
        """Inflict what is due, and heal what has lasted long enough."""
        self.supervisor.watch()
        now = time.monotonic() - self._began
        for entry in [each for each in self._suffered if each[0] <= now]:
            self._heal(entry)
        for fault in [each for each in self._to_come if each.at_seconds <= now]:
            # What is frozen, or only just coming back, is struck a little later.
            if not self._is_frozen(fault.target) and self._inflict(fault):
                self._to_come.remove(fault)
                self._suffered.append((now + fault.for_seconds, fault, self._note("begun", fault)))
                self.say(fault)

    def _is_frozen(self, target: str) -> bool:
        return any(fault.target == target for fault in self._frozen)

    def _inflict(self, fault: Fault) -> bool:
        if fault.is_kill:
            return self.supervisor.kill(fault)
        if fault.kind is Kind.FREEZE:
            return self._freeze(fault)
        if fault.kind is Kind.CUT:
            self.proxy.cut()
        if fault.kind in _LINKS:
            self.proxy.set(_LINKS[fault.kind])
        if fault.target == GATEWAY:
            self.stack.phone.knobs.set(**_KNOBS[fault.kind])
        if fault.target == DATABASE and self.postgres is not None:
            self.postgres.stop()
        return True

    def _freeze(self, fault: Fault) -> bool:
        if fault.target not in self.stack.fleet:
            return False
        self._frozen[fault] = self.stack.fleet[fault.target]
        self._frozen[fault].pause()
        return True

    def _heal(self, entry: tuple[float, Fault, datetime]) -> None:
        _, fault, begun_at = entry
        if fault.is_kill and not self._is_back(fault):
            return
        if fault.kind is Kind.FREEZE:
            self._frozen.pop(fault).resume()
        if fault.kind in _LINKS:
            self.proxy.set(Mode.PASS)
        if fault.target == GATEWAY:
            self.stack.phone.knobs.set(**{name: DEFAULTS[name] for name in _KNOBS[fault.kind]})
        if fault.target == DATABASE and self.postgres is not None:
            self.postgres.start()
        self._suffered.remove(entry)
        self.spans.append(Span(fault, begun_at, self._note("healed", fault)))

    def _is_back(self, fault: Fault) -> bool:
        return fault.target in self.stack.fleet

    def _note(self, kind: str, fault: Fault) -> datetime:
        value = {"target": fault.target, "seconds": fault.for_seconds, "at_seconds": fault.at_seconds}
        return self.history.write(NEMESIS, "info", f"{kind}: {fault.kind}", value)


def is_of_broker(fault: Fault) -> bool:
    """Whether the broker could not be worked with during that fault."""
    return fault.target == BROKER and fault.kind is not Kind.SLOW_LINK
