"""One run of the bench: its scenarios one after another, each of which may fail by itself."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from otp_worker.devtools.bench import machine
from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.ceiling import ceilings
from otp_worker.devtools.bench.figures import Measured, Outcome, Scenario
from otp_worker.devtools.bench.gateway import Sink
from otp_worker.devtools.bench.report import Run
from otp_worker.devtools.bench.service import Services
from otp_worker.devtools.chaos.scenario import DatabaseKind
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.interrupts import interruptible


def run(
    scenarios: Sequence[Scenario],
    *,
    rounds: int,
    quick: bool,
    database: DatabaseKind,
    say: Callable[[str], None],
    peer: str | None = None,
) -> Run:
    """Measure these scenarios; ``say`` is told what begins. Raises ProcessError without a sink."""
    on_machine = machine.machine()
    with _parts(database) as (sink, services):
        bench = Bench(rounds, quick, sink, services, peer)
        limits = ceilings(bench)
        outcomes = []
        for scenario in scenarios:
            say(f"{scenario.name}: {scenario.about}")
            outcomes.append(_measure(scenario, bench))
        return Run(
            {"rounds": rounds, "quick": quick, "database": database.value},
            {**machine.versions(), **services.versions},
            on_machine,
            limits,
            outcomes,
        )


def _measure(scenario: Scenario, bench: Bench) -> Outcome:
    """Measure a scenario, once more where something broke it off: a busy machine is no verdict."""
    began = time.monotonic()
    first = _try(scenario, bench)
    if isinstance(first, Measured):
        return Outcome(scenario, time.monotonic() - began, first)
    second = _try(scenario, bench)
    took = time.monotonic() - began
    if isinstance(second, Measured):
        return Outcome(scenario, took, second, disturbed=first)
    return Outcome(scenario, took, failed=second)


def _try(scenario: Scenario, bench: Bench) -> Measured | str:
    """What was measured, or why nothing was."""
    try:
        return scenario.measure(bench)
    except Exception as error:
        # Whatever one scenario meets, the others are still measured, on a service of their own.
        bench.services.stop()
        return f"{type(error).__name__}: {error}"


@contextmanager
def _parts(database: DatabaseKind) -> Iterator[tuple[Sink, Services]]:
    """The sink, and services to be started; at the end nothing of it is left, whatever ended it."""
    with interruptible() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="otp-bench-")))
        # Postgres does not run as root, and its own user must get in.
        folder.chmod(0o755)
        fleet = parts.enter_context(Fleet(folder, cwd=folder, env=child_environment({})))
        sink = Sink(fleet)
        parts.callback(sink.close)
        sink.start()
        services = Services(folder, database, sink)
        parts.callback(services.close)
        yield sink, services
