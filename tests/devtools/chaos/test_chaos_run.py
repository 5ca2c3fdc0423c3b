"""The whole service under faults: sound as it is, and found out once a promise is taken out of it."""

import shlex
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from otp_worker.devtools.chaos.breaches import Breach
from otp_worker.devtools.chaos.families import Family
from otp_worker.devtools.chaos.plan import BROKER, GATEWAY, MIN_KILLS, WEB, WORKERS, Fault, Kind
from otp_worker.devtools.chaos.run import Result, run
from otp_worker.devtools.chaos.scenario import BrokerKind, DatabaseKind, Scenario, as_it_is
from otp_worker.devtools.processes.rabbitmq import SERVER
from otp_worker.domain.message import ID_PREFIX
from otp_worker.service.http_server import WEB as WEB_SERVER

SEED = 20_260_601
MUTATIONS = ["no_sweep", "no_lease", "publish_before_commit"]

# Workers die with sends in hand that the phone never took, the broker loses what is queued, and intake
# dies with requests in hand.
HARD_SECONDS = [
    Fault(2.0, 2.0, Kind.SLOW, GATEWAY),
    Fault(2.0, 2.0, Kind.ERROR, GATEWAY),
    Fault(3.0, 2.0, Kind.KILL, WORKERS[0]),
    Fault(3.0, 2.0, Kind.KILL, WORKERS[1]),
    Fault(4.0, 1.5, Kind.KILL_LOSING_DATA, BROKER),
    Fault(6.0, 0.5, Kind.KILL, WEB),
]


def ignore(_: Fault) -> None:
    pass


def short_run(folder: Path, command: Callable[[str], str]) -> Result:
    """Those hard seconds, with a deadline that leaves a sound service the time to take over and send."""
    scenario = Scenario(
        SEED, seconds=8, requests=120, deadline_seconds=25, command=command, faults=HARD_SECONDS
    )
    return run(scenario, folder, ignore)


def mutated(name: str) -> Callable[[str], str]:
    """A command that runs the same program with that promise taken out."""
    wrapper = f"{shlex.quote(sys.executable)} -m tests.devtools.chaos.mutations.{name} "

    def put_before_the_program(command: str) -> str:
        if command == "exec otp-worker web":
            _python, _safe_path, program, *words = WEB_SERVER.command("127.0.0.1", "$PORT")
            command = f"exec otp_worker.service.{Path(program).stem} {' '.join(words)}"
        # What runs it is this interpreter, by the module's name.
        return command.replace("exec python -m ", "exec ").replace("exec ", "exec " + wrapper, 1)

    return put_before_the_program


def mutated_run(folder: Path, mutation: str) -> Result:
    """The same, with that promise taken out."""
    return short_run(folder, mutated(mutation))


@pytest.mark.nightly
@pytest.mark.parametrize("broker", [BrokerKind.REDIS, BrokerKind.RABBITMQ])
def test_two_thousand_requests_and_twenty_kills_break_no_promise(broker: BrokerKind, tmp_path: Path) -> None:
    if broker is BrokerKind.RABBITMQ and not SERVER.exists():
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    result = run(Scenario(SEED, seconds=60, requests=2000, kills=MIN_KILLS, broker=broker), tmp_path, ignore)
    assert result.findings == []
    assert result.account.accepted == 2000
    assert sum(result.account.ends.values()) == 2000
    assert result.kills >= MIN_KILLS
    assert result.account.duplicated <= result.account.duplicates_bound


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("database", "broker"),
    [
        (DatabaseKind.SQLITE, BrokerKind.REDIS),
        (DatabaseKind.POSTGRES, BrokerKind.REDIS),
        (DatabaseKind.SQLITE, BrokerKind.RABBITMQ),
    ],
)
def test_no_family_of_faults_breaks_a_promise(
    tmp_path: Path, database: DatabaseKind, broker: BrokerKind
) -> None:
    if broker is BrokerKind.RABBITMQ and not SERVER.exists():
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    scenario = Scenario(
        SEED, requests=3000, kills=MIN_KILLS, database=database, broker=broker, families=tuple(Family)
    )
    assert run(scenario, tmp_path, ignore).findings == []


def test_a_gateway_that_dedupes_gets_nothing_twice(tmp_path: Path) -> None:
    scenario = Scenario(SEED, seconds=8, requests=120, deadline_seconds=60, dedupe=True, faults=HARD_SECONDS)
    result = run(scenario, tmp_path, ignore)
    assert result.findings == []
    assert result.account.duplicated == 0


def test_the_short_run_breaks_no_promise_either(tmp_path: Path) -> None:
    assert short_run(tmp_path, as_it_is).findings == []


@pytest.fixture(scope="module")
def mutated_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """The short run of every mutation, all at once: most of the time each waits for its deadline."""
    folders = [tmp_path_factory.mktemp(name) for name in MUTATIONS]
    # Processes and no threads: a run looks after signals, which only a main thread can.
    with ProcessPoolExecutor(len(MUTATIONS), get_context("spawn")) as pool:
        return dict(zip(MUTATIONS, pool.map(mutated_run, folders, MUTATIONS), strict=True))


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_promise_that_is_taken_out_is_missed(mutation: str, mutated_runs: dict[str, Result]) -> None:
    result = mutated_runs[mutation]
    assert result.kills == 4
    assert Breach.LOST in {finding.breach for finding in result.findings}


def test_a_message_that_is_lost_is_missed_as_a_code_is(mutated_runs: dict[str, Result]) -> None:
    """Without the sweep no notice ever leaves."""
    findings = mutated_runs["no_sweep"].findings
    assert {each.breach for each in findings if each.subject.startswith(ID_PREFIX)} == {Breach.LOST}
