"""How many codes this machine can hash a second: the most that cores and bcrypt allow."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

from otp_worker.domain.passcode import hash_code

BASELINE_NAME = "cores / time of one bcrypt"


def hashes_per_s(rounds: int, seconds: float) -> float:
    """Hashes a second with a thread on every core: bcrypt lets go of the GIL.

    Measured with all cores at work, so that what else uses them slows this as it slows the service.
    """
    cores = len(os.sched_getaffinity(0))
    began = time.monotonic()
    with ThreadPoolExecutor(cores) as pool:
        counts = list(pool.map(lambda _: _hash_until(began + seconds, rounds), range(cores)))
    return sum(counts) / (time.monotonic() - began)


def _hash_until(deadline: float, rounds: int) -> int:
    count = 0
    while time.monotonic() < deadline:
        hash_code(b"a pepper", "ver_1", "123456", rounds)
        count += 1
    return count
