"""What one core, one process and one code cost: medians of the bench on two cores, Python 3.11."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """Rates are per second and core. ``otp-worker bench`` measures yours."""

    codes_per_core: float = 14.2
    """Codes delivered, with the default hash (two cores: 28.3)."""
    checks_per_core: float = 15.0
    """Codes checked, with the default hash (two cores: 29.9)."""
    sends_per_core: float = 333.0
    """Requests accepted over Postgres (two cores: 667)."""
    again_seconds: float = 0.0062
    """CPU of an attempt whose code has its hash already."""
    threads_per_worker: int = 32
    """What a worker has in hand at once, as OTP_WORKER_THREADS says."""
    worker_megabytes: int = 137
    """Memory of a worker while 100,000 codes wait."""
    writes_per_code: int = 8
    """Transactions: accepted, claimed, hashed, a turn at a SIM, settled, receipt, counted check, approved."""
    bytes_per_code: int = 2870
    """Tables and indices of one code with its SMS, its steps and its check."""
    sweep_seconds_per_sim: float = 0.0013
    """CPU of the sweep for each SIM while anything waits."""
    sweep_every_seconds: float = 0.5
    released_at_once: int = 500
    """As many deliveries as the sweep leaves on the queue (`store/expire.py`)."""


MEASURED = Figures()
