"""`python -m otp_worker.devtools.simulator`: the simulator alone, without the rest of the command line."""

from .cli import app

app(prog_name="simulator")
