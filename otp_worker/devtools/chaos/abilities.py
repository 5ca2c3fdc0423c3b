"""What this machine lets a run do."""

from otp_worker.devtools.chaos.disk import disks_can_be_mounted
from otp_worker.devtools.chaos.families import Family
from otp_worker.devtools.chaos.insides import clocks_can_be_set


def unable(family: Family) -> str | None:
    """Why this machine cannot bring about that family's faults; None if it can."""
    if family is Family.CLOCKS and not clocks_can_be_set():
        return "the package time-machine is not installed"
    if family is Family.FULL_DISK and not disks_can_be_mounted():
        return "this machine lets us mount no small disk"
    return None
