"""`python -m otp_worker.simulator`: the simulator on its own, without the rest of the command line."""

from .cli import app

app(prog_name="simulator")
