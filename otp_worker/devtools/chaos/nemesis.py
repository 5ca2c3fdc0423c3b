"""The one who inflicts the faults of a plan and heals them again."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from otp_worker.devtools.chaos.history import NEMESIS, History
from otp_worker.devtools.chaos.injectors import Injector
from otp_worker.devtools.chaos.plan import FREEZES, Fault, Kind
from otp_worker.devtools.chaos.records import Span
from otp_worker.devtools.chaos.supervisor import Supervisor


@dataclass
class Nemesis:
    """Follows a plan; ``spans`` is what was done so far. Call ``act`` often."""

    injectors: Mapping[Kind, Injector]
    supervisor: Supervisor
    history: History
    say: Callable[[Fault], None]
    spans: list[Span] = field(default_factory=list)
    _to_come: list[Fault] = field(default_factory=list)
    _suffered: list[tuple[float, Fault, datetime]] = field(default_factory=list)
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
            if not self._is_frozen(fault.target) and self.injectors[fault.kind].inject(fault):
                self._to_come.remove(fault)
                self._suffered.append((now + fault.for_seconds, fault, self._note("begun", fault)))
                self.say(fault)

    def _is_frozen(self, target: str) -> bool:
        return any(fault.target == target and fault.kind in FREEZES for _, fault, _ in self._suffered)

    def _heal(self, entry: tuple[float, Fault, datetime]) -> None:
        _, fault, begun_at = entry
        if self.injectors[fault.kind].heal(fault):
            self._suffered.remove(entry)
            self.spans.append(Span(fault, begun_at, self._note("healed", fault)))

    def _note(self, kind: str, fault: Fault) -> datetime:
        value = {"target": fault.target, "seconds": fault.for_seconds, "at_seconds": fault.at_seconds}
        if fault.by_seconds:
            value["by_seconds"] = fault.by_seconds
        return self.history.write(NEMESIS, "info", f"{kind}: {fault.kind}", value)
