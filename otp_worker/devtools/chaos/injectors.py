"""How each fault is brought about and taken back, one class for each way to reach into the service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from otp_worker.devtools.chaos.insides import Insides
from otp_worker.devtools.chaos.plan import Fault, Kind
from otp_worker.devtools.chaos.proxy import Mode, Proxy
from otp_worker.devtools.chaos.supervisor import Supervisor
from otp_worker.devtools.processes.stack import Stack
from otp_worker.devtools.simulator.knobs import DEFAULTS, Knobs
from otp_worker.service.processes.process import Process


class Injector(Protocol):
    """Brings faults about; what cannot be done at the moment is tried again."""

    def inject(self, fault: Fault) -> bool:
        """Begin it; False if what it strikes is away just now."""

    def heal(self, fault: Fault) -> bool:
        """End it; False if that takes longer still."""


@dataclass
class KillInjector:
    """kill -9; the supervisor starts again what died."""

    supervisor: Supervisor

    def inject(self, fault: Fault) -> bool:
        """Kill."""
        return self.supervisor.kill(fault)

    def heal(self, fault: Fault) -> bool:
        """Whether it runs again."""
        return self.supervisor.runs(fault.target)


@dataclass
class FreezeInjector:
    """SIGSTOP, and SIGCONT to the very process that got it."""

    stack: Stack
    _frozen: dict[Fault, Process] = field(default_factory=dict)

    def inject(self, fault: Fault) -> bool:
        """Freeze the target's whole group."""
        name = self.stack.process_of(fault.target)
        if name not in self.stack.fleet:
            return False
        self._frozen[fault] = self.stack.fleet[name]
        self._frozen[fault].pause()
        return True

    def heal(self, fault: Fault) -> bool:
        """Let it go on."""
        self._frozen.pop(fault).resume()
        return True


@dataclass
class LinkInjector:
    """What a proxy does to connections while the fault lasts."""

    proxy: Proxy
    mode: Mode

    def inject(self, _: Fault) -> bool:
        """Treat connections that way."""
        self.proxy.set(self.mode)
        return True

    def heal(self, _: Fault) -> bool:
        """Let them pass again."""
        self.proxy.set(Mode.PASS)
        return True


@dataclass
class CutInjector:
    """Resets the connections that are open, once."""

    proxy: Proxy

    def inject(self, _: Fault) -> bool:
        """Cut."""
        self.proxy.cut()
        return True

    def heal(self, _: Fault) -> bool:
        """Nothing: new connections were never affected."""
        return True


@dataclass
class KnobInjector:
    """Turns knobs of the simulated phone, and back to their defaults."""

    knobs: Knobs
    changes: Mapping[str, object]

    def inject(self, _: Fault) -> bool:
        """Turn them."""
        self.knobs.set(**self.changes)
        return True

    def heal(self, _: Fault) -> bool:
        """Turn them back."""
        self.knobs.set(**{name: DEFAULTS[name] for name in self.changes})
        return True


@dataclass
class BothInjector:
    """One fault made of two, the second of which can be brought about at any time."""

    first: Injector
    second: Injector

    def inject(self, fault: Fault) -> bool:
        """Begin both, or neither."""
        return self.first.inject(fault) and self.second.inject(fault)

    def heal(self, fault: Fault) -> bool:
        """End both; the second one first, and at once."""
        return self.second.heal(fault) and self.first.heal(fault)


@dataclass
class ClockInjector:
    """Steps one process's wall clock, and back."""

    insides: Insides

    def inject(self, fault: Fault) -> bool:
        """Step it."""
        self.insides.set_clock(fault.target, fault.by_seconds)
        return True

    def heal(self, fault: Fault) -> bool:
        """Put it back, which is a step of the other sign."""
        self.insides.set_clock(fault.target, 0.0)
        return True


@dataclass
class NamesInjector:
    """Makes name look-ups slow in every process."""

    insides: Insides

    def inject(self, fault: Fault) -> bool:
        """Slow them down."""
        self.insides.set_look_up(fault.by_seconds)
        return True

    def heal(self, _: Fault) -> bool:
        """Let them be as fast as before."""
        self.insides.set_look_up(0.0)
        return True


@dataclass
class DiskInjector:
    """Fills the file system that the database is on, and empties it again."""

    folder: Path

    def inject(self, _: Fault) -> bool:
        """Write until nothing more can be written."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 65_536) == 65_536:
                    pass
            except OSError:
                # Full: the aim.
                return True
        return True

    def heal(self, _: Fault) -> bool:
        """Make room."""
        self._ballast.unlink(missing_ok=True)
        return True

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


LINK_MODES = {Kind.REFUSE: Mode.REFUSE, Kind.BLACKHOLE: Mode.BLACKHOLE, Kind.SLOW_LINK: Mode.SLOW}
TLS_MODES = {Kind.TLS_RESET: Mode.RESET_ANSWER, Kind.TLS_GARBLE: Mode.GARBLE_ANSWER}
KNOBS: Mapping[Kind, Mapping[str, object]] = {
    Kind.OFFLINE: {"offline": True},
    Kind.LONG_OUTAGE: {"offline": True},
    Kind.SLOW: {"slow_seconds": 0.7},
    Kind.ERROR: {"error_status": 500},
    Kind.HANG: {"hang": True},
    Kind.LOSE_REPLY: {"lose_reply": True},
    Kind.DRIP: {"drip": True, "drip_seconds": 0.3},
}
