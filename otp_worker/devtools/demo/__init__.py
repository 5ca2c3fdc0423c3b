"""`python3 -m otp_worker demo`: the whole service, a simulated phone, and one code on its way."""

from otp_worker.devtools.demo.run import run

__all__ = ["run"]
