"""The files by which a run reaches into the service's processes: their clocks, and their name look-ups."""

import os
import random
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

from otp_worker.devtools.chaos.families import Family
from otp_worker.devtools.processes.environment import child_environment

_FIRST = "from otp_worker.devtools.chaos.inside import reach_in\n\nreach_in(**{told})\n"
SKEW_SECONDS = 0.3
"""A clock is at most so far ahead or behind while nobody steps it."""


class Insides:
    """Writes those files; ``environment`` is what makes a process read its own."""

    def __init__(self, folder: Path, families: Collection[Family], seed: int) -> None:
        self._folder = folder.absolute() / "inside"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._families = families
        self._seed = seed
        self._names = self._folder / "names"
        self.trusted: Path | None = None

    def environment(self, process: str) -> dict[str, str]:
        """What a process of that name is started with besides the service's settings."""
        told: dict[str, str] = {}
        if Family.CLOCKS in self._families:
            self.set_clock(process, 0.0)
            told["clock"] = str(self._clock(process))
        if Family.RESOLVER in self._families:
            told["names"] = str(self._names)
        if self.trusted is not None:
            told["trusted"] = str(self.trusted)
        if not told:
            return {}
        folder = self._folder / process
        folder.mkdir(exist_ok=True)
        # Python imports a module of this name by itself, before the program.
        (folder / "sitecustomize.py").write_text(_FIRST.format(told=told))
        others = child_environment({}).get("PYTHONPATH")
        return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), others]))}

    def skew_of(self, process: str) -> float:
        """By how many seconds that process's clock is ahead, from its start to its end."""
        chance = random.Random(f"{self._seed} clock of {process}")  # nosec B311 # noqa: S311 - repeatable
        return round(chance.uniform(-SKEW_SECONDS, SKEW_SECONDS), 3)

    def set_clock(self, process: str, step_seconds: float) -> None:
        """Put a process's clock so far from where it usually is."""
        _replace(self._clock(process), self.skew_of(process) + step_seconds)

    def set_look_up(self, seconds: float) -> None:
        """Let every name look-up take that long."""
        _replace(self._names, seconds)

    def _clock(self, process: str) -> Path:
        return self._folder / f"clock-{process}"


def clocks_can_be_set() -> bool:
    """Whether the library that sets a process's clock is here."""
    return find_spec("time_machine") is not None


def _replace(file: Path, seconds: float) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(str(seconds))
    draft.replace(file)
