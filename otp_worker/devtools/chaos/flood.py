"""A flood of requests for one number, which a limit must hold back whatever else is the matter."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from otp_worker.devtools.chaos.client import Client
from otp_worker.devtools.chaos.injectors import Injector
from otp_worker.devtools.chaos.plan import Fault

LIMIT = 20
"""How many SMS a number may get within ten minutes; nobody else of the load asks for so many."""
ASKED = 3 * LIMIT
AT_ONCE = 12


@dataclass
class Floods:
    """The floods so far; each has a ``number`` of its own, outside those of the load."""

    client: Client
    numbers: list[str] = field(default_factory=list)
    _threads: list[ThreadPoolExecutor] = field(default_factory=list)

    def begin(self) -> None:
        """Ask for many codes at once for a new number; returns at once."""
        number = f"+447401{len(self.numbers):06d}"
        self.numbers.append(number)
        threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="flood")
        self._threads.append(threads)
        for position in range(ASKED):
            # Different people, so that each request stands for a code of its own.
            threads.submit(self.client.send, number, f"flood-{position}")

    def end(self) -> None:
        """Wait until all of them are answered."""
        for threads in self._threads:
            threads.shutdown()


@dataclass
class FloodInjector:
    """A flood while another fault lasts."""

    floods: Floods
    under: Injector

    def inject(self, fault: Fault) -> bool:
        """Bring the other fault about, and begin the flood."""
        if not self.under.inject(fault):
            return False
        self.floods.begin()
        return True

    def heal(self, fault: Fault) -> bool:
        """End the other fault; the flood runs out by itself."""
        return self.under.heal(fault)
