"""`python3 -m otp_worker test`: the tests, in the runs that suit two cores."""

import typer

_QUICK = (
    "tests/unit",
    "tests/contract",
    "tests/lint",
    "--ignore=tests/contract/gateways/test_real_kannel.py",
    # These simulate hours, or any history: a quarter of the processor's time for a hundredth of the tests.
    "--ignore=tests/contract/test_any_history.py",
    "--ignore=tests/contract/deliver/test_outages.py",
    "--ignore=tests/contract/expire/test_starvation.py",
    "--ignore=tests/contract/protection/test_guard_simulated.py",
)
# Two processes, each with servers of its own; who is done takes over from the other.
_TWO_AT_ONCE = ("--numprocesses=2", "--dist=worksteal")
# These start whole services and wait for them more than they compute; who shares a service shares a process.
_SERVICES = (
    "tests/devtools/chaos/test_chaos_run.py",
    "tests/devtools/test_interrupted.py",
    "tests/acceptance",
)
# tests/sharing.py says which tests those are.
_BY_SERVICE = ("--numprocesses=3", "--dist=loadscope")
# A test of every change that takes longer than pyproject.toml says is stuck; one of the night is not.
_AT_NIGHT = ("--override-ini=faulthandler_timeout=3600", "-m", "nightly")

test = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@test.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def _test(context: typer.Context) -> None:
    """Run all tests that every change must pass; --quick some of them, --nightly the heavy ones.

    Whatever follows is pytest's. The exit status is the worst of the runs', as pytest has them.
    """
    raise typer.Exit(run_tests(context.args))


def run_tests(arguments: list[str]) -> int:
    """Run the tests; the worst of the runs' exit statuses, as pytest has them."""
    import pytest

    worst = 0
    for run in runs_for(arguments):
        status = int(pytest.main(run))
        worst = max(worst, status)
        if status == pytest.ExitCode.INTERRUPTED:
            break
    return worst


def runs_for(arguments: list[str]) -> list[list[str]]:
    """What pytest is told, once for each run: all but the nightly tests, or what is asked for."""
    if arguments[:1] == ["--quick"]:
        return [[*_TWO_AT_ONCE, "-m", "not nightly", "-k", "not postgres", *_QUICK, *arguments[1:]]]
    if arguments[:1] == ["--nightly"]:
        return [[*_AT_NIGHT, *arguments[1:]]]
    usual = ["-m", "not nightly", "--durations=0", "--durations-min=2"]
    if arguments:
        return [[*usual, *arguments]]
    others = [f"--ignore={folder}" for folder in _SERVICES]
    return [[*usual, *_TWO_AT_ONCE, "tests", *others], [*usual, *_BY_SERVICE, *_SERVICES]]
