"""``otp-worker demo`` as one of the commands."""

import sys

import typer

demo = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@demo.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def _demo(context: typer.Context) -> None:
    """Start the whole service with a simulated phone; send a code, read it there, check it."""
    from otp_worker.devtools.demo.options import parse
    from otp_worker.devtools.demo.run import run

    sys.exit(run(parse(context.args)))
