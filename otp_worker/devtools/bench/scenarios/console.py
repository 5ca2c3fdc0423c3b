"""How long each page and each search takes where a month of a busy service is to be searched through."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.figures import Compare, Measured, Measurement, Scenario
from otp_worker.devtools.bench.history import History, write_history
from otp_worker.devtools.bench.looks import Browser, Look, api_looks, command_looks, console_looks
from otp_worker.devtools.bench.service import Needs, Service
from otp_worker.devtools.bench.stepper import stepping
from otp_worker.devtools.chaos.scenario import DatabaseKind
from otp_worker.devtools.processes.stack import SECRET_KEY
from otp_worker.domain.keyring import Keyring
from otp_worker.store.database import Database

GOAL_MS = 200
_COMMANDS = "otp_worker.devtools.bench.commands"


def _measure(bench: Bench, kind: DatabaseKind) -> Measured:
    count, times = bench.pick(3_000_000, 2_000), bench.rounds * bench.pick(4, 1)
    written: list[History] = []
    needs = Needs(
        processes=("web", "console"),
        database=kind,
        fill=lambda url: written.append(_filled(url, count)),
    )
    service = bench.services.get(needs)
    with _looks(service, written[0]) as looks:
        measurements = [_take(look, times, bench.warm_ups) for look in looks]
    bench.services.stop()
    over = [f"{each.name} ({median(each.subject):.0f} ms)" for each in measurements if _is_over(each)]
    told = f"over {GOAL_MS} ms: {', '.join(over)}" if over else f"none is over {GOAL_MS} ms"
    return Measured(
        measurements, {**service.settings, "verifications": count, "times": times}, [f"by the median, {told}"]
    )


def _is_over(measured: Measurement) -> bool:
    return median(measured.subject) > GOAL_MS


def _take(look: Look, times: int, warm_ups: int) -> Measurement:
    for _ in range(warm_ups):
        look.beneath()
        look.take()
    beneath, taken = zip(*((look.beneath(), look.take()) for _ in range(times)), strict=True)
    return Measurement(look.name, "ms", look.baseline, f"<= {GOAL_MS} ms", taken, beneath, Compare.DIFFERENCE)


@contextmanager
def _looks(service: Service, history: History) -> Iterator[list[Look]]:
    """Everything to look at, with what looks at it."""
    stack = service.stack
    operator = stack.command("keys", "create", "--name", "operator", "--scope", "read", "--scope", "admin")
    keys = {"an app": stack.api_key, "an operator": operator.stdout.strip()}
    with ExitStack() as parts:
        console = Browser(stack.console_url)
        parts.callback(console.close)
        console.sign_in()
        found = list(console_looks(console, history))
        for whose, key in keys.items():
            client = Browser(stack.url, {"Authorization": f"Bearer {key}"})
            parts.callback(client.close)
            found += api_looks(client, whose, history)
        folder = Path(parts.enter_context(TemporaryDirectory(prefix="otp-bench-commands-")))
        commands = parts.enter_context(stepping(stack.settings, folder / "commands.log", _COMMANDS))
        yield [*found, *command_looks(commands, history)]


def _filled(database_url: str, count: int) -> History:
    db = Database(database_url, 2)
    try:
        return write_history(db, count, Keyring([SECRET_KEY]))
    finally:
        db.close()


ON_SQLITE = Scenario(
    "console-sqlite",
    "pages and searches over 3,000,000 codes, on SQLite",
    partial(_measure, kind=DatabaseKind.SQLITE),
)
ON_POSTGRES = Scenario(
    "console-postgres",
    "pages and searches over 3,000,000 codes, on Postgres",
    partial(_measure, kind=DatabaseKind.POSTGRES),
)
