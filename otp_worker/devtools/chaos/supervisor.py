"""What a production unit does: start again what ended, and say what ended by itself."""

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from otp_worker.devtools.chaos.plan import BROKER, Fault, Kind
from otp_worker.devtools.processes.errors import EndedEarlyError
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.logfile import tail
from otp_worker.devtools.processes.stack import Stack, answers

RESTART_SECONDS = 1.0
AFTERMATH_SECONDS = 20.0
"""A process that lost a child may end of it, after the patience it has with its other children."""
CHILD_SECONDS = 6.0
"""A web server takes children that die faster than this for a crash loop, and ends."""


@dataclass(frozen=True, slots=True)
class Death:
    """A process that ended although nobody killed it, with the end of its log."""

    name: str
    how: str
    log_tail: str


class Supervisor:
    """Watches a stack's processes; call ``watch`` often. ``died`` is what ended by itself."""

    def __init__(self, stack: Stack, chance: random.Random) -> None:
        self.died: list[Death] = []
        self.kills = 0
        self._stack = stack
        self._fleet: Fleet = stack.fleet
        self._chance = chance
        self._due: dict[str, float] = {}
        self._struck_until: dict[str, float] = {}
        self._spared_until = 0.0

    @property
    def all_run(self) -> bool:
        """Whether nothing waits to be started again."""
        return not self._due

    def runs(self, target: str) -> bool:
        """Whether what was killed under that name was started again."""
        return target in self._fleet and target not in self._due

    def kill(self, fault: Fault) -> bool:
        """Do the killing that the fault names; False if what it strikes does not run at the moment."""
        name = self._stack.process_of(fault.target)
        if name not in self._fleet or self._fleet[name].ended:
            return False
        if fault.kind in (Kind.KILL_CHILD, Kind.KILL_WEB_CHILD):
            if not self._kill_child(fault):
                return False
        elif fault.kind is Kind.KILL_LEADER:
            self._struck(fault)
            self._signal(self._fleet[fault.target].pid)
        else:
            if fault.kind is Kind.KILL_LOSING_DATA:
                self._stack.broker.wipe()
            self._fleet.kill(name)
            self._due[fault.target] = time.monotonic() + fault.for_seconds
        self.kills += 1
        return True

    def _kill_child(self, fault: Fault) -> bool:
        children = child_processes(self._fleet[fault.target].pid)
        if not children or time.monotonic() < self._spared_until:
            return False
        if fault.kind is Kind.KILL_WEB_CHILD and not answers(f"{self._stack.url}/healthz"):
            # It has only just started: to die then tells nothing of how it lives on.
            return False
        if fault.kind is Kind.KILL_CHILD:
            self._struck(fault)
        else:
            self._spared_until = time.monotonic() + CHILD_SECONDS
        self._signal(self._chance.choice(children))
        return True

    def watch(self) -> list[str]:
        """Note what ended and start what is due to be; the names of what was started."""
        while death := self._find_death():
            self._note(death)
        started = [name for name, due in self._due.items() if due <= time.monotonic()]
        for name in started:
            del self._due[name]
            self._start(name)
        return started

    def _start(self, name: str) -> None:
        if name != BROKER:
            self._fleet.restart(name)
            return
        while True:
            try:
                self._stack.broker.restart()
            except EndedEarlyError as death:
                self._note(death)
                if death.name != BROKER:
                    continue
            return

    def _find_death(self) -> EndedEarlyError | None:
        try:
            self._fleet.check()
        except EndedEarlyError as death:
            return death
        return None

    def _note(self, death: EndedEarlyError) -> None:
        self._due[death.name] = time.monotonic() + RESTART_SECONDS
        if time.monotonic() > self._struck_until.get(death.name, 0):
            self.died.append(Death(death.name, death.what, tail(death.log)))

    def _struck(self, fault: Fault) -> None:
        self._struck_until[fault.target] = time.monotonic() + AFTERMATH_SECONDS

    def _signal(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def child_processes(pid: int) -> list[int]:
    """The processes that this one started; not those that only serve Python itself."""
    with suppress(psutil.NoSuchProcess):
        return [child.pid for child in psutil.Process(pid).children() if not _serves_python(child)]
    return []


def _serves_python(process: psutil.Process) -> bool:
    try:
        return any("resource_tracker" in argument for argument in process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return True
