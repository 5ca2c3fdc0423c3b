"""A fault to be brought about at once."""

from otp_worker.devtools.chaos.plan import Fault, Kind


def fault(kind: Kind, target: str, by_seconds: float = 0.0) -> Fault:
    """One that lasts for a second."""
    return Fault(0.0, 1.0, kind, target, by_seconds)
