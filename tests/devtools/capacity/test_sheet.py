"""What a load needs, on paper."""

import json

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.devtools.capacity.figures import MEASURED
from otp_worker.devtools.capacity.sheet import Demand, runs_out_first, sheet
from otp_worker.store.expire import BATCH


def needed(demand: Demand) -> dict[str, float]:
    """How much of each thing a load needs."""
    return {line.name: line.needed for line in sheet(demand)}


def test_a_million_a_day_needs_what_the_bench_measured() -> None:
    told = needed(Demand(1_000_000))
    assert told["SIMs"] == 174  # 57.9 a second in the busiest minute, 20 a minute each
    assert told["cores"] == 9
    assert told["worker processes"] == 5
    assert told["database writes"] == 463


def test_a_slow_gateway_needs_more_workers_and_no_more_cores() -> None:
    quick, slow = needed(Demand(1_000_000)), needed(Demand(1_000_000, gateway_seconds=15))
    assert (slow["cores"], slow["worker processes"]) == (quick["cores"], 28)


@pytest.mark.parametrize(
    ("sims", "cores", "first"),
    [(500, 200, "SIMs"), (900, 20, "cores"), (2000, 200, "sweep"), (900, 50, None)],
)
def test_what_runs_out_first_is_what_most_is_missing_of(sims: int, cores: int, first: str | None) -> None:
    found = runs_out_first(sheet(Demand(5_000_000, sims=sims, cores=cores)))
    assert (found and found.name) == first


def test_the_sweep_is_reckoned_as_the_service_runs_it() -> None:
    assert MEASURED.released_at_once == BATCH


def test_the_command_tells_it_in_words_and_in_fields() -> None:
    arguments = ["plan", "--codes-per-day", "10000000", "--sims", "1000"]
    assert "runs out first: SIMs, 1,737 of 1,000" in CliRunner().invoke(app, arguments).stdout
    arguments = ["plan", "--codes-per-day", "100000", "--sims", "22", "--simulate", "2"]
    assert "nothing held them up" in CliRunner().invoke(app, arguments).stdout
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert told.keys() == {"demand", "figures", "needs", "simulated"}
    assert told["needs"][0]["needed"] == 18
    assert told["simulated"]["asked"] > 0
