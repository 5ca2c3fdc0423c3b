"""``otp-worker optouts``: the numbers whose people texted STOP."""

import typer

from otp_worker.cli.operate import NUMBER_ARGUMENT, open_operator
from otp_worker.cli.output import JSON_OPTION, print_json, print_rows, say

app = typer.Typer(help="Show and lift the opt-outs of people who texted STOP.", invoke_without_command=True)


@app.callback()
def list_(context: typer.Context, json: bool = JSON_OPTION) -> None:
    """List the numbers that nothing is sent to, masked."""
    if context.invoked_subcommand is not None:
        return
    found = open_operator().opt_outs()
    if json:
        print_json(found)
    else:
        rows = [[each.number_masked, each.stopped_at] for each in found]
        print_rows("opt-outs", ["number", "stopped"], rows)


@app.command()
def remove(number: str = NUMBER_ARGUMENT, json: bool = JSON_OPTION) -> None:
    """Send to a number again, because its person asked for it."""
    masked = open_operator().opt_in(number).masked
    say(f"{masked} may be sent to again", {"number": masked, "opted_out": False}, json)
